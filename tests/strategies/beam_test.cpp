
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "base/error.h"
#include "strategies/resolve.h"
#include "support/beams.h"
#include "support/strategies.h"

namespace decant {
namespace {

using namespace testing;

TableModel table_model(int n_vocab, std::uint64_t seed, TableShape shape = {}) {
  shape.n_vocab = n_vocab;
  return TableModel(shape, random_table(n_vocab, seed));
}

// ---- against oracles ------------------------------------------------------------------------------------------------

TEST(Beam, EqualsTheDefinition) {
  std::mt19937 random(1);
  const auto one_of = [&](auto... values) {
    const std::common_type_t<decltype(values)...> list[] = {values...};
    return list[random() % sizeof...(values)];
  };
  for (int trial = 0; trial < 3000; ++trial) {
    const int n_vocab = one_of(3, 4, 6, 8), k = one_of(1, 2, 3, 4, 6);
    TableModel model = table_model(n_vocab, random());
    std::vector<Token> eos;
    if (one_of(true, true, false)) eos.push_back(n_vocab - 1);
    if (one_of(true, false, false)) eos.push_back(0);
    GenerationConfig config = beam_config(k, one_of(1, 2, 4, 8), eos);
    if (k > 1) {
      config.length_penalty = one_of(-1.0, 0.0, 0.5, 1.0, 2.0);
      config.early_stopping = one_of("false", "true", "never");
    }
    const std::vector<Found> found = BeamOracle(law_of_table(model), {1, 2}, config, k).run();
    ASSERT_EQ(difference(search(config, model), found), "") << trial;
  }
}

TEST(Beam, WithBeamsEnoughItFindsTheBestOfAllTexts) {
  for (const double length_penalty : {-0.5, 0.0, 1.0, 2.0}) {
    TableModel model = table_model(4, 7, {.max_sequences = 300, .max_rows = 512, .max_outputs = 300});
    GenerationConfig config = beam_config(256, 4, {3});
    config.length_penalty = length_penalty;
    config.early_stopping = "never";
    const std::vector<Found> best = all_texts(law_of_table(model), {1, 2}, config);
    ASSERT_EQ(best.size(), 1 + 3 + 9 + 27 * 4u);
    EXPECT_EQ(difference(search(config, model), best), "") << length_penalty;
  }
}

// A reward for what has occurred makes longer texts better than any bound of log-probabilities.
LogLaw rewarded(const TableModel& model, double reward) {
  return [plain = law_of_table(model), reward](const std::vector<Token>& text) {
    std::vector<double> law = plain(text);
    for (const Token token : text) law[static_cast<std::size_t>(token)] += reward;
    return law;
  };
}

TEST(Beam, NeverFindsTheBestOfAllTextsWhereScoresRise) {
  int missed_by_false = 0;
  for (std::uint64_t seed = 1; seed < 20; ++seed) {
    for (const double length_penalty : {-0.5, 0.0, 1.0, 2.0}) {
      TableModel model = table_model(4, seed, {.max_sequences = 300, .max_rows = 512, .max_outputs = 300});
      GenerationConfig config = beam_config(81, 4, {3});
      config.num_return_sequences = 1;
      config.frequency_penalty = -4;
      config.length_penalty = length_penalty;
      config.early_stopping = "never";
      std::vector<Found> best = all_texts(rewarded(model, 4), {1, 2}, config);
      best.resize(1);
      EXPECT_EQ(difference(search(config, model), best), "") << seed << " " << length_penalty;
      config.early_stopping = "false";
      missed_by_false += difference(search(config, model), best) != "";
    }
  }
  EXPECT_EQ(missed_by_false, 0);
}

TEST(Beam, NeverWhereScoresRiseEqualsTheDefinition) {
  std::mt19937 random(3);
  int ended_sooner = 0;
  for (int trial = 0; trial < 400; ++trial) {
    const int k = 2 + static_cast<int>(random() % 3);
    TableModel model = table_model(5, random());
    GenerationConfig config = beam_config(k, 10, {4, 0});
    config.presence_penalty = 0;
    config.frequency_penalty = -1.5;
    config.early_stopping = "never";
    config.length_penalty = std::array{-1.0, 0.0, 1.0, 2.0}[random() % 4];
    BeamOracle oracle(rewarded(model, 1.5), {1, 2}, config, k);
    oracle.law_rises = true;
    ASSERT_EQ(difference(search(config, model), oracle.run()), "") << trial;
    config.hf_compat = true;  // whose bound takes scores for log-probabilities
    const std::vector<Found> bounded = BeamOracle(rewarded(model, 1.5), {1, 2}, config, k).run();
    ASSERT_EQ(difference(search(config, model), bounded), "") << trial;
    ended_sooner += bounded[0].normalized < oracle.pool()[0].normalized;
  }
  EXPECT_GT(ended_sooner, 10);
}

TEST(Beam, HfCompatIsRefusedWhereBeamsAreTheSame) {
  for (const char* early_stopping : {"false", "true", "never"}) {
    GenerationConfig config = beam_config(3, 5);
    config.hf_compat = true;
    config.early_stopping = early_stopping;
    EXPECT_THROW(resolve_strategy(config), Error) << early_stopping;
    config.guidance_scale = 2;
    const bool differs = config.early_stopping == "never";
    EXPECT_EQ(differs, [&] {
      try {
        resolve_strategy(config);
        return true;
      } catch (const Error&) {
        return false;
      }
    }()) << early_stopping;
    config.renormalize_logits = true;
    EXPECT_THROW(resolve_strategy(config), Error) << early_stopping;
  }
}

TEST(Beam, OneBeamIsGreedy) {
  for (std::uint64_t seed = 1; seed < 30; ++seed) {
    TableModel model = table_model(8, seed);
    const GenerationConfig config = beam_config(1, 12, {5});
    const std::vector<Sequence> found = search(config, model);
    GenerationConfig plain = greedy_config(12);
    plain.eos_token_id = config.eos_token_id;
    EXPECT_EQ(found[0].ids, run_alone(request(plain, {1, 2}, greedy), {.n_vocab = 8}, random_table(8, seed))[0]);
  }
}

TEST(Beam, ProcessorsSeeLogProbabilitiesAndEachBeamsOwnText) {
  for (std::uint64_t seed = 1; seed < 40; ++seed) {
    TableModel model = table_model(7, seed);
    GenerationConfig config = beam_config(4, 8, {6});
    config.repetition_penalty = 1.7;
    config.no_repeat_ngram_size = 2;
    config.min_new_tokens = 3;
    const LogLaw plain = law_of_table(model);
    const LogLaw processed = [&](const std::vector<Token>& text) {
      std::vector<double> law = plain(text);
      for (const Token token : std::set<Token>(text.begin(), text.end())) law[static_cast<std::size_t>(token)] *= 1.7;
      for (std::size_t i = 0; i + 1 < text.size(); ++i) {
        if (text[i] == text.back()) law[static_cast<std::size_t>(text[i + 1])] = -1e30;
      }
      if (text.size() < 2 + 3) law[6] = -1e30;
      return law;
    };
    const std::vector<Found> found = BeamOracle(processed, {1, 2}, config, 4).run();
    EXPECT_EQ(difference(search(config, model), found), "") << seed;
  }
}

// The states of a random grammar, each with the tokens that lead out of it.
struct Automaton {
  std::vector<std::map<Token, std::size_t>> states;  // where the end of the text leads does not matter

  Automaton(std::size_t n_states, Token n_vocab, Token end, std::mt19937& random) : states(n_states) {
    for (auto& state : states) {
      for (Token token = 0; token < n_vocab; ++token) {
        if (token != end && random() % 3 == 0) state[token] = random() % n_states;
      }
      if (state.empty() || random() % 3 == 0) state[end] = 0;
    }
    if (states[0].begin()->first == end) states[0][0] = n_states - 1;  // a grammar of the empty text alone is refused
  }
};

class RandomGrammar final : public Grammar {
 public:
  RandomGrammar(const Automaton& automaton, int n_vocab, std::size_t state)
      : automaton_(automaton), state_(state), allowed_(static_cast<std::size_t>(n_vocab)) {
    for (const auto& [token, next] : automaton_.states[state_]) allowed_[static_cast<std::size_t>(token)] = true;
  }
  const std::vector<bool>& allowed() const override { return allowed_; }
  std::unique_ptr<const Grammar> after(Token token) const override {
    return std::make_unique<RandomGrammar>(automaton_, static_cast<int>(allowed_.size()),
                                           automaton_.states[state_].at(token));
  }

 private:
  const Automaton& automaton_;
  std::size_t state_;
  std::vector<bool> allowed_;
};

TEST(Beam, UnderAGrammarEqualsTheDefinition) {
  std::mt19937 random(2);
  std::size_t fewer = 0;
  for (int trial = 0; trial < 500; ++trial) {
    constexpr Token n_vocab = 8, end = 7;
    const int k = 1 + static_cast<int>(random() % 5);
    const Automaton automaton(6, n_vocab, end, random);
    TableModel model = table_model(n_vocab, random());
    TableVocab vocab = model.vocab();
    vocab.make_grammar = [&](auto) { return std::make_unique<RandomGrammar>(automaton, n_vocab, 0); };
    model.set_vocab(vocab);
    GenerationConfig config = beam_config(k, 8, {end});
    config.grammar = "a random one";
    const LogLaw plain = law_of_table(model);
    const LogLaw constrained = [&](const std::vector<Token>& text) {
      std::size_t state = 0;
      for (std::size_t i = 2; i < text.size(); ++i) {
        const auto& next = automaton.states[state];
        if (!next.contains(text[i])) return std::vector<double>(n_vocab, -1e30);
        state = next.at(text[i]);
      }
      std::vector<double> law = plain(text);
      for (Token token = 0; token < n_vocab; ++token) {
        if (!automaton.states[state].contains(token)) law[static_cast<std::size_t>(token)] = -1e30;
      }
      return law;
    };
    const std::vector<Found> found = BeamOracle(constrained, {1, 2}, config, k).run();
    ASSERT_EQ(difference(search(config, model), found), "") << trial;
    fewer += found.size() < static_cast<std::size_t>(k);
  }
  EXPECT_GT(fewer, 10u);  // some grammars have not as many texts as there are beams
}

TEST(Beam, LengthsWithThePromptAndWithoutTheEnd) {
  TableModel model = table_model(6, 3);
  GenerationConfig config = beam_config(4, 8, {5});
  config.normalize = "prompt";
  for (const Sequence& each : search(config, model)) {
    const double length = 2 + static_cast<double>(each.ids.size()) - (each.ids.back() == 5);
    EXPECT_NEAR(each.beam->normalized, each.beam->sum / length, 1e-9);
  }
}

TEST(Beam, AStopStringEndsABeam) {
  TableModel model = table_model(6, 11);
  model.set_vocab(TableVocab({"a", "b", "c", "d", "e", "f"}));
  GenerationConfig config = beam_config(3, 10);
  config.stop_strings = {"ab", "c"};
  config.include_stop_str_in_output = false;
  bool stopped = false;
  for (const Sequence& each : search(config, model)) {
    const std::size_t ab = each.bytes.find("ab"), c = each.bytes.find('c');
    EXPECT_TRUE(ab == std::string::npos && c == std::string::npos) << each.bytes;
    stopped |= each.finish == FinishReason::stop;
    EXPECT_EQ(each.finish == FinishReason::stop, each.ids.size() < 10 || each.bytes.size() < each.ids.size());
  }
  EXPECT_TRUE(stopped);
}

// ---- what it costs --------------------------------------------------------------------------------------------------

// The nodes of the beams, from the trace.
class TreeOfBeams : public RunObserver {
 public:
  bool wants_search() const override { return true; }
  void search(const SearchStep& step) override {
    tips_.clear();
    for (const SearchCandidate& each : step.candidates) {
      if (each.node < 0) continue;
      parents_.resize(std::max(parents_.size(), static_cast<std::size_t>(each.node) + 1));
      parents_[static_cast<std::size_t>(each.node)] = each.parent;
      if (each.fate == Fate::kept) tips_.push_back(each.node);
    }
  }
  int distinct_nodes() const { return nodes_above(tips_); }
  int distinct_parents() const {
    std::vector<int> above;
    for (const int tip : tips_) above.push_back(parents_[static_cast<std::size_t>(tip)]);
    return nodes_above(above);
  }

 private:
  int nodes_above(const std::vector<int>& tips) const {
    std::set<int> all;
    for (int node : tips) {
      for (; node > 0; node = parents_[static_cast<std::size_t>(node)]) all.insert(node);
    }
    return static_cast<int>(all.size());
  }
  std::vector<int> parents_, tips_;
};

TEST(Beam, TheCacheHoldsTheDistinctNodesOfTheTreeAndABatchOneRowABeam) {
  for (std::uint64_t seed = 1; seed < 20; ++seed) {
    TableModel model = table_model(8, seed);
    Scheduler scheduler({&model});
    TreeOfBeams tree;
    GenerationConfig config = beam_config(5, 20);
    const std::vector<Token> prompt = {1, 2, 3};
    const auto run = start(scheduler, request(config, prompt, beam, &tree));
    int steps = 0;
    while (scheduler.step()) {
      if (++steps == 1) continue;
      EXPECT_EQ(scheduler.live_nodes(), 3 + tree.distinct_nodes());
      EXPECT_EQ(scheduler.cache(0).cells(), 3 + tree.distinct_parents());
      EXPECT_LE(model.batches().back().size(), 5u);
    }
    run->rethrow();
    EXPECT_EQ(steps, 19);  // and the one that ends it
    EXPECT_EQ(scheduler.cache(0).cells(), 3);
  }
}

// ---- company --------------------------------------------------------------------------------------------------------

TEST(Beam, SearchesAndSamplesInOneSchedulerAnswerAsAlone) {
  const Table table = random_table(8, 4);
  const auto configs = [] {
    std::vector<GenerationConfig> all;
    for (const int k : {2, 4, 5, 8}) all.push_back(beam_config(k, 6 + k, {7}));
    all[2].length_penalty = 0;
    all.push_back(sampling_config(1, 12));
    all.push_back(sampling_config(2, 9));
    return all;
  }();
  TableModel model({}, table);
  Scheduler scheduler({&model});
  std::vector<std::unique_ptr<decant::Run>> runs;
  for (const GenerationConfig& config : configs) {
    runs.push_back(start(scheduler, request(config, {1, 2}, resolve_strategy(config).run)));
    scheduler.step();
  }
  scheduler.run();
  for (std::size_t i = 0; i < runs.size(); ++i) {
    runs[i]->rethrow();
    std::vector<std::vector<Token>> ids;
    for (const Sequence& each : runs[i]->sequences()) ids.push_back(each.ids);
    EXPECT_EQ(ids, run_alone(request(configs[i], {1, 2}, resolve_strategy(configs[i]).run), {}, table)) << i;
  }
}

// ---- dead ends ------------------------------------------------------------------------------------------------------

TEST(Beam, ABeamWithoutATokenIsLostAndTheOthersGoOn) {
  TableModel model = table_model(6, 2);
  GenerationConfig config = beam_config(3, 6);
  config.prefix_allowed_tokens_fn = [](std::span<const int> text) -> std::vector<int> {
    if (text.back() == 4) return {};
    return {0, 3, 4};
  };
  const auto found = search(config, model);
  ASSERT_FALSE(found.empty());
  for (const Sequence& each : found) {
    EXPECT_EQ(each.ids.size(), 6u);
    EXPECT_EQ(std::find(each.ids.begin(), each.ids.end() - 1, 4), each.ids.end() - 1);
  }
  config.prefix_allowed_tokens_fn = [](std::span<const int> text) -> std::vector<int> {
    return text.size() == 4 ? std::vector<int>{} : std::vector<int>{0, 1};
  };
  EXPECT_THROW(search(config, model), NothingLeft);
}

TEST(Beam, FewerTextsThanAskedForAreFewerAnswers) {
  TableModel model = table_model(6, 2);
  GenerationConfig config = beam_config(4, 3);
  config.allowed_token_ids = {2};
  EXPECT_EQ(text(search(config, model)).substr(0, 9), "[2, 2, 2]");
  EXPECT_EQ(search(config, model).size(), 1u);
}

// ---- beam sampling --------------------------------------------------------------------------------------------------

using Law = std::map<std::string, double>;

std::string name(const std::vector<Found>& pool) {
  std::string text;
  for (const Found& each : pool) text += fmt::format("{}", each.ids);
  return text;
}

// f(the first n in the order of draws without replacement, its probability).
void for_each_draw(const std::vector<OracleBeam>& all, std::size_t n,
                   const std::function<void(const std::vector<OracleBeam>&, double)>& f) {
  std::vector<double> weights;
  double total = 0;
  for (const OracleBeam& each : all) {
    weights.push_back(std::exp(each.score));
    total += weights.back();
  }
  std::vector<OracleBeam> drawn;
  std::vector<bool> gone(all.size());
  const std::function<void(double, double)> draw = [&](double p, double left) {
    if (drawn.size() == n) return f(drawn, p);
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (gone[i] || weights[i] == 0) continue;
      gone[i] = true;
      drawn.push_back(all[i]);
      draw(p * weights[i] / left, left - weights[i]);
      drawn.pop_back();
      gone[i] = false;
    }
  };
  draw(1, total);
}

void enumerate(const BeamOracle& search, double p, bool last, Law& law) {
  const std::size_t n = last ? 2 : search.n_candidates();  // of the last ones only those that are admitted matter
  for_each_draw(search.continuations(), n, [&](const std::vector<OracleBeam>& drawn, double q) {
    BeamOracle next = search;
    if (next.advance(drawn)) {
      enumerate(next, p * q, true, law);
    } else {
      law[name(next.pool())] += p * q;
    }
  });
}

TEST(BeamSample, ItsLawIsThatOfDrawsWithoutReplacement) {
  for (const bool with_eos : {false, true}) {
    const Table flat = [table = random_table(5, 9)](const std::vector<Token>& text) {
      std::vector<float> logits = table(text);
      for (float& logit : logits) logit *= 0.3f;
      return logits;
    };
    TableModel model({.n_vocab = 5}, flat);
    GenerationConfig config = beam_config(2, 2, with_eos ? std::vector<Token>{4} : std::vector<Token>{});
    config.strategy = "beam_sample";
    config.top_k = 0;
    Law law;
    enumerate(BeamOracle(law_of_table(model), {1, 2}, config, 2), 1, false, law);
    double total = 0;
    for (const auto& [found, p] : law) total += p;
    ASSERT_NEAR(total, 1, 1e-9);

    constexpr int n = 20000;
    std::map<std::string, int> counts;
    for (int seed = 0; seed < n; ++seed) {
      config.seed = static_cast<std::uint64_t>(seed);
      std::vector<Found> found;
      for (const Sequence& each : search(config, model)) found.push_back({each.ids, 0, 0});
      ++counts[name(found)];
    }
    double chi_square = 0, rare = 0;
    int rare_count = 0, cells = 0;
    for (const auto& [found, p] : law) {
      if (p * n < 5) {
        rare += p * n;
        rare_count += counts[found];
        continue;
      }
      chi_square += (counts[found] - p * n) * (counts[found] - p * n) / (p * n);
      ++cells;
    }
    for (const auto& [found, count] : counts) EXPECT_TRUE(law.contains(found)) << found;
    if (rare > 5) chi_square += (rare_count - rare) * (rare_count - rare) / rare, ++cells;
    ASSERT_GT(cells, 60);
    EXPECT_LT(chi_square, cells + 4 * std::sqrt(2.0 * cells)) << cells;  // four standard deviations
  }
}

TEST(BeamSample, TheSameSeedIsTheSameText) {
  TableModel model = table_model(8, 1);
  GenerationConfig config = beam_config(4, 12, {7});
  config.strategy = "beam_sample";
  std::set<std::string> texts;
  for (const std::uint64_t seed : {1, 2, 3, 4}) {
    config.seed = seed;
    const std::string once = text(search(config, model));
    EXPECT_EQ(once, text(search(config, model)));
    texts.insert(once);
  }
  EXPECT_GT(texts.size(), 2u);
}

}  // namespace
}  // namespace decant
