// What processors remember, and what guidance evaluates beside the text, under every shape of Run: branches, going
// back, several sequences, company, a cache too small. The oracles walk one text at a time and evaluate it from
// scratch.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.h"
#include "strategies/score.h"
#include "support/race.h"
#include "support/runs.h"
#include "support/strategies.h"

namespace decant {
namespace {

using namespace testing;

GenerationConfig mirostat_config(std::uint64_t seed = 3) {
  GenerationConfig config = sampling_config(seed, 10);
  config.mirostat = 2;
  config.mirostat_tau = 1.3;
  config.mirostat_eta = .7;
  return config;
}

// Two processors that remember nothing around one that does.
GenerationConfig adaptive_config(std::uint64_t seed = 3) {
  GenerationConfig config = sampling_config(seed, 10);
  config.repetition_penalty = 1.4;
  config.min_p = .03;
  config.xtc_probability = .5;
  config.xtc_threshold = .15;
  config.adaptive_target = .3;
  config.adaptive_decay = .7;
  return config;
}

const GenerationConfig stateful[] = {mirostat_config(), adaptive_config()};

using Distributions = std::map<std::vector<Token>, std::vector<float>>;  // by new tokens: the scores behind them

struct Walker {
  std::vector<int> ranks;  // which of the tokens left is taken, step by step; the last one when there are fewer
  std::vector<Token> text = {};
  Node tip = {};

  // One step, from its distribution.
  void step(decant::Run& run, const EvalRow& row, Distributions& seen) {
    const Step step = run.process(0, tip, row);
    std::vector<float>& scores = seen[text];
    scores.resize(static_cast<std::size_t>(step.scores.n_vocab()));
    step.scores.copy_to(scores);
    if (text.size() == ranks.size()) return;
    const auto left = step.scores.top(ranks[text.size()] + 1);
    const Token token = left.back().id;
    tip = run.child(run.choose(step, token));
    text.push_back(token);
  }
};

const std::vector<std::vector<int>> walks = {{0, 1, 0, 0, 1, 0}, {1, 0, 0, 1, 0, 0}, {2, 0, 1, 0, 0, 1}};

Task<void> walk_alone(decant::Run& run, std::vector<int> ranks, Distributions* seen) {
  Walker walker{std::move(ranks)};
  walker.tip = run.prompt();
  for (std::size_t i = 0; i <= walker.ranks.size(); ++i) {
    auto rows = co_await run.eval(walker.tip);
    walker.step(run, rows[0], *seen);
  }
}

// Two children of one step, on from each in one batch and in turn; back to the first node for a third child; then on
// with all.
Task<void> branch(decant::Run& run, Distributions* seen) {
  std::vector<Walker> walkers;
  for (const auto& ranks : walks) walkers.push_back(Walker{ranks});
  const Node prompt = run.prompt();
  auto first = co_await run.eval(prompt);
  for (std::size_t i = 0; i < 2; ++i) {
    walkers[i].tip = run.prompt();
    walkers[i].step(run, first[0], *seen);
  }
  for (int i = 0; i < 3; ++i) {
    std::vector<Node> tips;
    tips.push_back(walkers[1].tip);
    tips.push_back(walkers[0].tip);
    auto rows = co_await run.eval(tips);
    walkers[1].step(run, rows[0], *seen);
    walkers[0].step(run, rows[1], *seen);
  }
  walkers[2].tip = run.prompt();
  for (int i = 0; i < 3; ++i) {
    Walker& walker = walkers[2];
    auto rows = co_await run.eval(walker.tip);
    walker.step(run, rows[0], *seen);
  }
  for (int i = 0; i < 4; ++i) {
    for (Walker& walker : walkers) {
      auto rows = co_await run.eval(walker.tip);
      walker.step(run, rows[0], *seen);
    }
  }
}

TEST(ProcessorState, BranchesSeeWhatEachPathSeesAlone) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    for (const GenerationConfig& config : stateful) {
      const Table table = random_table(8, seed);
      Distributions alone, branched;
      for (const auto& ranks : walks) {
        const auto strategy = [&](decant::Run& run) { return walk_alone(run, ranks, &alone); };
        run_alone(request(config, {1, 2}, strategy), {}, table);
      }
      for (const int n_cells : {256, 10}) {  // the second throws the branches out of the cache again and again
        branched.clear();
        const auto strategy = [&](decant::Run& run) { return branch(run, &branched); };
        run_alone(request(config, {1, 2}, strategy), {.n_cells = n_cells}, table);
        EXPECT_EQ(branched, alone) << "seed " << seed;
      }
      EXPECT_GT(alone.size(), 15u);
    }
  }
}

// ---- several sequences, in company ----------------------------------------------------------------------------------

// One sequence by itself: every prefix from scratch, through a chain whose states are kept by hand.
std::vector<Token> replay(const GenerationConfig& config, const Table& table, std::vector<Token> text, int sequence) {
  const TableVocab vocab({"a", "b", "c", "d", "e", "f", "g", "h"});
  const Chain chain(config, true, {.vocab = &vocab});
  const int n_prompt = static_cast<int>(text.size());
  std::shared_ptr<const Chain::States> states;
  Scores scores;
  while (static_cast<int>(text.size()) < n_prompt + config.max_new_tokens) {
    const auto lane = static_cast<std::uint32_t>(sequence), position = static_cast<std::uint32_t>(text.size());
    const double u = uniform(*config.seed, lane, position, Stream::processor);
    scores.reset(table(text));
    chain(scores, Context{.tokens = text, .n_prompt = n_prompt, .u = u}, states.get());
    const Token token = scores.race(1, GumbelNoise(*config.seed, lane, position)).front().id;
    states = chain.next(states.get(), token, chain.observe(scores, token));
    text.push_back(token);
  }
  return {text.begin() + n_prompt, text.end()};
}

TEST(ProcessorState, EverySequenceIsTheOneOfItsOwnPath) {
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    for (GenerationConfig config : stateful) {
      const Table table = random_table(8, seed);
      config.seed = seed;
      config.num_return_sequences = 4;
      GenerationConfig other = config;  // shares the prompt, and some of the text, but no state
      (config.mirostat ? other.mirostat_tau : other.adaptive_decay) = .2;
      other.seed = seed + 1;
      for (const int n_cells : {256, 30}) {
        TableModel model({.n_cells = n_cells}, table);
        Scheduler scheduler({&model});
        const auto run = start(scheduler, request(config, {1, 2}, sample));
        const auto company = start(scheduler, request(other, {1, 2}, sample));
        scheduler.run();
        run->rethrow();
        company->rethrow();
        for (int i = 0; i < 4; ++i) {
          EXPECT_EQ(run->sequences()[static_cast<std::size_t>(i)].ids, replay(config, table, {1, 2}, i))
              << seed << " " << i;
          EXPECT_EQ(company->sequences()[static_cast<std::size_t>(i)].ids, replay(other, table, {1, 2}, i));
        }
      }
    }
  }
}

// Mirostat's own law, written out: keep what surprises by at most mu, then mu -= eta (surprise - tau).
TEST(ProcessorState, MirostatByItsDefinition) {
  const GenerationConfig config = mirostat_config();
  int cut = 0;
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    const Table table = random_table(8, seed);
    std::vector<Token> text = {1, 2};
    double mu = 2 * config.mirostat_tau;
    const auto sequences = run_alone(request(config, text, sample), {}, table);
    for (const Token chosen : sequences[0]) {
      struct Candidate {
        Token id;
        double p;
      };
      std::vector<Candidate> ranked;
      const auto logits = table(text);
      double total = 0, kept = 0;
      for (const float logit : logits) total += std::exp(static_cast<double>(logit));
      for (Token id = 0; id < 8; ++id)
        ranked.push_back({id, std::exp(static_cast<double>(logits[static_cast<std::size_t>(id)])) / total});
      std::sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.p > b.p; });
      while (ranked.size() > 1 && -std::log2(ranked.back().p) > mu) ranked.pop_back(), ++cut;
      for (const Candidate& each : ranked) kept += each.p;
      const GumbelNoise noise(*config.seed, 0, static_cast<std::uint32_t>(text.size()));
      const auto slower = [&](const Candidate& a, const Candidate& b) {
        return std::log(a.p) + noise(a.id) < std::log(b.p) + noise(b.id);
      };
      const Candidate winner = *std::max_element(ranked.begin(), ranked.end(), slower);
      EXPECT_EQ(chosen, winner.id);
      mu -= config.mirostat_eta * (-std::log2(winner.p / kept) - config.mirostat_tau);
      text.push_back(chosen);
    }
  }
  EXPECT_GT(cut, 100);
}

// ---- guidance -------------------------------------------------------------------------------------------------------

std::vector<double> log_softmax(const std::vector<float>& logits) {
  double total = 0;
  for (const float logit : logits) total += std::exp(static_cast<double>(logit));
  std::vector<double> result;
  for (const float logit : logits) result.push_back(static_cast<double>(logit) - std::log(total));
  return result;
}

// Hugging Face's: without a negative prompt the other context begins as the prompt's last token.
std::vector<double> guided(const Table& table, double scale, const std::vector<Token>& prompt,
                           const std::vector<Token>& negative, const std::vector<Token>& written) {
  std::vector<Token> with = prompt, without = negative.empty() ? std::vector<Token>{prompt.back()} : negative;
  with.insert(with.end(), written.begin(), written.end());
  without.insert(without.end(), written.begin(), written.end());
  const auto c = log_softmax(table(with)), u = log_softmax(table(without));
  std::vector<double> scores;
  for (std::size_t i = 0; i < c.size(); ++i) scores.push_back(scale * (c[i] - u[i]) + u[i]);
  return scores;
}

Request guided_request(GenerationConfig config, double scale, std::vector<Token> prompt, std::vector<Token> negative,
                       StrategyFunction strategy) {
  config.guidance_scale = scale;
  Request made = request(std::move(config), std::move(prompt), std::move(strategy));
  made.negative_prompt = std::move(negative);
  return made;
}

void expect_greedy(const Table& table, double scale, const Request& request, const std::vector<Token>& ids) {
  std::vector<Token> written;
  for (const Token token : ids) {
    const auto scores = guided(table, scale, request.prompt, request.negative_prompt, written);
    EXPECT_EQ(token, std::max_element(scores.begin(), scores.end()) - scores.begin());
    written.push_back(token);
  }
  EXPECT_EQ(written.size(), static_cast<std::size_t>(request.config.max_new_tokens));
}

const std::vector<std::vector<Token>> negatives = {{}, {5}, {7, 6, 5, 4}, {1, 2, 5}, {1, 2, 3, 4}};

TEST(Guidance, LeadsAwayFromTheOtherContext) {
  int changed = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Table table = random_table(8, seed);
    const auto plain = run_alone(request(greedy_config(10), {1, 2, 3}, greedy), {}, table)[0];
    for (const auto& negative : negatives) {
      for (const double scale : {1.5, 3.0, 0.0, -0.5}) {
        const Request one = guided_request(greedy_config(10), scale, {1, 2, 3}, negative, greedy);
        const auto ids = run_alone(one, {}, table)[0];
        expect_greedy(table, scale, one, ids);
        changed += ids != plain;
      }
      const Request off = guided_request(greedy_config(10), 1, {1, 2, 3}, negative, greedy);
      EXPECT_EQ(run_alone(off, {}, table)[0], plain);
    }
  }
  EXPECT_GT(changed, 100);
}

TEST(Guidance, APromptOfOneTokenLeadsNowhere) {
  const auto plain = run_alone(request(greedy_config(10), {3}, greedy))[0];
  EXPECT_EQ(run_alone(guided_request(greedy_config(10), 2, {3}, {}, greedy))[0], plain);
}

TEST(Guidance, InCompanyWithSeveralSequencesAndFewCells) {
  const Table table = random_table(8, 4);
  GenerationConfig config = sampling_config(9, 8);
  config.num_return_sequences = 3;
  const Request first = guided_request(config, 2, {1, 2, 3}, {7, 6, 5}, sample);
  const Request second = guided_request(config, 1.5, {1, 2, 3}, {}, sample);
  const Request third = guided_request(greedy_config(8), 2, {1, 2, 4}, {7, 6, 5}, greedy);
  for (const int n_cells : {256, 24}) {
    for (const int chunk : {256, 2}) {
      for (const bool synchronous : {false, true}) {
        SCOPED_TRACE(fmt::format("{} cells, chunks of {}{}", n_cells, chunk, synchronous ? ", synchronous" : ""));
        TableModel model({.n_cells = n_cells, .n_context = 20}, table);
        Scheduler scheduler({&model}, {.prefill_chunk_size = chunk, .synchronous = synchronous});
        std::vector<std::unique_ptr<decant::Run>> runs;
        for (const Request* each : {&first, &second, &third}) runs.push_back(start(scheduler, *each));
        scheduler.run();
        for (const auto& run : runs) run->rethrow();
        expect_greedy(table, 2, third, runs[2]->sequences()[0].ids);
        for (std::size_t r = 0; r < 2; ++r) {
          const Request& asked = r == 0 ? first : second;
          for (std::size_t s = 0; s < 3; ++s) {
            std::vector<Token> written;
            for (const Token token : runs[r]->sequences()[s].ids) {
              const auto scores =
                  guided(table, asked.config.guidance_scale, asked.prompt, asked.negative_prompt, written);
              const GumbelNoise noise(9, static_cast<std::uint32_t>(s), static_cast<std::uint32_t>(3 + written.size()));
              EXPECT_EQ(token, winner_of(scores, noise));
              written.push_back(token);
            }
            EXPECT_EQ(written.size(), 8u);
          }
        }
        runs.clear();
        EXPECT_EQ(scheduler.live_nodes(), 0);
        EXPECT_EQ(model.used_cells(), 0);
      }
    }
  }
}

// Neither prompt is read twice: each step costs two rows a sequence.
TEST(Guidance, EveryStepCostsTwoRows) {
  for (const auto& negative : negatives) {
    TableModel model;
    Scheduler scheduler({&model});
    const auto run = start(scheduler, guided_request(greedy_config(6), 2, {1, 2, 3}, negative, greedy));
    scheduler.run();
    run->rethrow();
    std::size_t common = 0;  // of the two prompts
    while (common < std::min<std::size_t>(negative.size(), 3) && negative[common] == static_cast<Token>(common + 1))
      ++common;
    const auto& batches = model.batches();
    ASSERT_EQ(batches.size(), 6u);
    EXPECT_EQ(batches[0].size(), 3 + std::max<std::size_t>(negative.size(), 1) - common);
    for (std::size_t i = 1; i < batches.size(); ++i) EXPECT_EQ(batches[i].size(), 2u) << "step " << i;
  }
  TableModel model;
  Scheduler scheduler({&model});
  GenerationConfig config = sampling_config(3, 6);
  config.num_return_sequences = 4;
  const auto run = start(scheduler, guided_request(config, 2, {1, 2, 3}, {7, 6}, sample));
  scheduler.run();
  EXPECT_EQ(model.batches()[0].size(), 5u);
  for (std::size_t i = 1; i < model.batches().size(); ++i) EXPECT_LE(model.batches()[i].size(), 8u);
}

// A strategy that asks for several nodes and kinds of output.
Task<void> ask_around(decant::Run& run, const TableModel* model, bool* done) {
  std::vector<Ask> asks(2);
  asks[0].nodes.assign(1, run.prompt().child(4));
  asks[0].nodes.push_back(run.prompt());
  asks[0].nodes.push_back(run.prompt().child(5).child(6));
  asks[1].nodes.assign(1, run.prompt().child(7));
  asks[1].outputs.logits = false;
  asks[1].outputs.hidden = true;
  auto rows = co_await run.eval(asks);
  EXPECT_EQ(rows.size(), 4u);  // rows[i] belongs to nodes[i], and there are no others
  const std::vector<std::vector<Token>> written = {{4}, {}, {5, 6}};
  for (std::size_t i = 0; i < 3; ++i) {
    std::vector<Token> with = {1, 2, 3}, without = {7, 6};
    with.insert(with.end(), written[i].begin(), written[i].end());
    without.insert(without.end(), written[i].begin(), written[i].end());
    EXPECT_EQ(std::vector<float>(rows[i].logits.begin(), rows[i].logits.end()), model->logits_after(with));
    EXPECT_EQ(std::vector<float>(rows[i].unconditional.begin(), rows[i].unconditional.end()),
              model->logits_after(without));
  }
  EXPECT_TRUE(rows[3].unconditional.empty());
  EXPECT_EQ(std::vector<float>(rows[3].hidden.begin(), rows[3].hidden.end()), model->hidden_after({1, 2, 3, 7}));
  *done = true;
}

TEST(Guidance, EveryRowOfLogitsHasItsOther) {
  for (const int max_outputs : {32, 2}) {  // the second needs several batches, between which rows are kept
    TableModel model({.max_outputs = max_outputs});
    Scheduler scheduler({&model});
    bool done = false;
    const auto strategy = [&](decant::Run& run) { return ask_around(run, &model, &done); };
    const auto run = start(scheduler, guided_request(greedy_config(6), 2, {1, 2, 3}, {7, 6}, strategy));
    scheduler.run();
    run->rethrow();
    EXPECT_TRUE(done);
  }
}

// A second model that happens to be the same one, or another: what it says is what the strategy asked for, and no more.
Task<void> ask_the_second(Run& run) {
  const Ask ask{.nodes = {run.prompt()}, .model = 1};
  auto rows = co_await run.eval(ask);
  EXPECT_EQ(rows[0].logits.size(), 8u);
  EXPECT_TRUE(rows[0].unconditional.empty());
}

TEST(Guidance, IsForTheFirstModelOnly) {
  for (const ModelId second : {0, 1}) {
    TableModel models[2];
    Scheduler scheduler({&models[0], &models[1]});
    Request request = guided_request(greedy_config(), 2, {1, 2, 3}, {7, 6}, ask_the_second);
    request.models = {0, second};
    const auto run = start(scheduler, request);
    scheduler.run();
    run->rethrow();
    EXPECT_EQ(models[0].rows_evaluated() + models[1].rows_evaluated(), 3);
  }
}

Task<void> process_inside_the_prompt(Run& run) {
  const Node inside = run.prompt().parent();
  auto rows = co_await run.eval(inside);
  EXPECT_EQ(rows[0].logits.size(), 8u);
  run.process(0, inside, rows[0]);
}

// Inside the prompt nothing is new, and there is nothing to read behind the negative prompt.
TEST(Guidance, HasNothingToSayInsideThePrompt) {
  TableModel model;
  Scheduler scheduler({&model});
  const auto run = decant::start(scheduler, guided_request(greedy_config(), 2, {1, 2, 3}, {4}, [](decant::Run& r) {
                                   return process_inside_the_prompt(r);
                                 }));
  scheduler.run();
  try {
    run->rethrow();
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("at position 2, inside the prompt"), std::string::npos) << error.what();
  }
}

TEST(Guidance, TheOtherContextMustFitToo) {
  TableModel model({.n_cells = 64, .n_context = 12});
  Scheduler scheduler({&model});
  const auto start = [&](std::vector<Token> negative) {
    return decant::start(scheduler, guided_request(greedy_config(100), 2, {1, 2}, std::move(negative), greedy));
  };
  EXPECT_THROW(start({1, 8}), Error);  // no such token
  EXPECT_THROW(start({1, -1}), Error);
  EXPECT_THROW(start(std::vector<Token>(13, 3)), Error);
  const auto run = start(std::vector<Token>(10, 3));
  scheduler.run();
  run->rethrow();
  EXPECT_EQ(run->sequences()[0].finish, FinishReason::context);
  EXPECT_EQ(run->sequences()[0].ids.size(), 3u);  // the last token need not be read
  for (const auto& batch : model.batches()) {
    for (const LoggedRow& row : batch) EXPECT_LT(row.position, 12);
  }
}

// ---- nothing left ---------------------------------------------------------------------------------------------------

TEST(NothingLeft, EndsOneRunWithASentenceAndNoOther) {
  const Table table = random_table(8, 2);
  const auto others = [&](int i) {
    GenerationConfig config = i % 2 ? mirostat_config(7) : greedy_config(15);
    config.num_return_sequences = i % 2 ? 3 : 1;
    return request(config, {1, 2}, i % 2 ? sample : greedy);
  };
  GenerationConfig config = sampling_config(5, 20);
  config.no_repeat_ngram_size = 1;
  config.num_return_sequences = 2;
  TableModel model({}, table);
  Scheduler scheduler({&model});
  const auto before = start(scheduler, others(0));
  const auto failing = start(scheduler, request(config, {1, 2}, sample));
  const auto after = start(scheduler, others(1));
  scheduler.run();
  try {
    failing->rethrow();
    ADD_FAILURE() << "eight tokens cannot make nine different ones";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_STREQ(
        error.what(),
        "no_repeat_ngram_size left no token to choose from at position 8 (new token 7): loosen it, or drop it");
  }
  EXPECT_TRUE(failing->done());
  for (const Sequence& each : failing->sequences()) EXPECT_EQ(each.ids.size(), 6u);
  for (int i = 0; i < 2; ++i) {
    const auto& run = i == 0 ? before : after;
    run->rethrow();
    const auto alone = run_alone(others(i), {}, table);
    for (std::size_t s = 0; s < alone.size(); ++s) EXPECT_EQ(run->sequences()[s].ids, alone[s]);
  }
}

}  // namespace
}  // namespace decant
