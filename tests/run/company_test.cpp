// What inquiries of different sizes, on cheap and dear models, do to each other: nothing to the tokens, and little to
// the pace.
#include <gtest/gtest.h>

#include <numeric>

#include "base/error.h"
#include "strategies/resolve.h"
#include "support/runs.h"
#include "support/strategies.h"

namespace decant {
namespace {

using namespace testing;

std::vector<Token> prompt_of(int length, Token first = 1) {
  std::vector<Token> prompt(static_cast<std::size_t>(length));
  for (int i = 0; i < length; ++i) prompt[static_cast<std::size_t>(i)] = (first + i * i) % 8;
  return prompt;
}

// ---- cheap models ---------------------------------------------------------------------------------------------------

// Greedy drafts of a second model, `g` a round; the target's own greedy text.
Task<void> draft(Run& run, int g) {
  Node tip = run.prompt();
  while (!run.finished(0)) {
    std::vector<Node> drafted = {tip};
    for (int i = 0; i < g; ++i) {
      const Ask ask{.nodes = {drafted.back()}, .model = 1};
      auto guess = co_await run.eval(ask);
      const std::size_t best =
          std::max_element(guess[0].logits.begin(), guess[0].logits.end()) - guess[0].logits.begin();
      drafted.push_back(drafted.back().child(static_cast<Token>(best)));
    }
    auto rows = co_await run.eval(drafted);
    for (std::size_t i = 0; i < drafted.size() && !run.finished(0); ++i) {
      const Step step = run.process(0, drafted[i], rows[i]);
      const Node next = run.emit(0, step, step.scores.argmax());
      tip = next;
      if (i + 1 < drafted.size() && !(next == drafted[i + 1])) break;
    }
  }
}

Request drafting(int new_tokens, std::vector<Token> prompt, int g = 4) {
  Request drafted = request(greedy_config(new_tokens), std::move(prompt), [g](Run& run) { return draft(run, g); });
  drafted.models = {0, 1};
  return drafted;
}

constexpr TableShape kLong{.n_cells = 2048, .n_context = 512, .max_sequences = 32, .max_rows = 64, .max_outputs = 32};

// In company a Run that drafts advances as fast as its neighbour where no draft is accepted, and faster where all are.
TEST(Company, DraftingPaysInCompany) {
  for (const bool identical : {false, true}) {
    const Table target = random_table(8, 1), cheap = random_table(8, identical ? 1 : 2);
    TableModel first(kLong, target), second(kLong, cheap);
    Scheduler scheduler;
    scheduler.add(first, 0);
    scheduler.add(second, 1);
    const auto drafter = start(scheduler, drafting(200, {1, 2, 3}));
    const auto neighbour = start(scheduler, request(greedy_config(200), {3, 2, 1}, greedy));
    for (int i = 0; i < 100; ++i) scheduler.step();
    EXPECT_EQ(neighbour->stats().new_tokens, 100);
    EXPECT_GE(drafter->stats().new_tokens, identical ? 200 : 100);
    scheduler.run();
    EXPECT_EQ(drafter->sequences()[0].ids, run_alone(request(greedy_config(200), {1, 2, 3}, greedy), kLong, target)[0]);
  }
}

// A Run that asks nothing but a cheap model does not stop the others.
TEST(Company, WhoAsksOnlyCheapModelsLeavesTheOthersTheirTurn) {
  TableModel first(kLong), second(kLong);
  Scheduler scheduler;
  scheduler.add(first, 0);
  scheduler.add(second, 1);
  Request cheap = request(greedy_config(400), {1, 2}, greedy);
  cheap.models = {1};
  const auto quick = start(scheduler, cheap);
  const auto other = start(scheduler, request(greedy_config(20), {1, 2}, greedy));
  for (int i = 0; i < 5; ++i) scheduler.step();
  EXPECT_EQ(other->stats().new_tokens, 5);
  EXPECT_LE(quick->stats().new_tokens, 5) << "what others get";
  scheduler.run();
}

// The oldest is not blamed for what another lacks: it waits only because the step has read enough of its prompt.
TEST(Company, TheOldestIsNotRefusedForWhatAYoungerOneLacks) {
  TableModel first(kLong), second({.n_cells = 2048, .n_context = 512, .max_sequences = 2, .max_rows = 64});
  Scheduler scheduler({}, {.prefill_chunk_size = 32});
  scheduler.add(first, 0);
  scheduler.add(second, 1);
  const auto oldest = start(scheduler, drafting(8, prompt_of(300, 1)));
  std::vector<std::unique_ptr<decant::Run>> others;
  for (Token next = 0; next < 4; ++next) others.push_back(start(scheduler, drafting(8, {3, next})));
  scheduler.run();
  EXPECT_NO_THROW(oldest->rethrow());
  for (const auto& each : others) EXPECT_NO_THROW(each->rethrow());
}

// A text whose numbers are repaired goes on by itself, and fails where they reach others.
TEST(Company, ARepairedTextFailsOnlyWhereItReachesOthers) {
  const Table table = [inner = random_table(8)](const std::vector<Token>& prefix) {
    auto logits = inner(prefix);
    if (prefix[0] == 7) logits[3] = std::numeric_limits<float>::quiet_NaN();
    return logits;
  };
  GenerationConfig repaired = greedy_config(6);
  repaired.remove_invalid_values = true;
  for (const bool company : {false, true}) {
    TableModel model({.n_cells = 512, .max_sequences = 32, .keeps_rows_apart = false}, table);
    Scheduler scheduler({&model});
    const auto bad = start(scheduler, request(repaired, {7, 1}, greedy));
    std::unique_ptr<decant::Run> good;
    if (company) good = start(scheduler, request(greedy_config(6), {1, 2}, greedy));
    scheduler.run();
    if (company) {
      EXPECT_EQ(good->sequences()[0].ids, run_alone(request(greedy_config(6), {1, 2}, greedy), {}, table)[0]);
    } else {
      EXPECT_NO_THROW(bad->rethrow());
      EXPECT_LE(model.batches().size(), 6u + 2u) << "read again once, not at every token";
    }
  }
}

// What leads to its targets is claimed in the caches of all its models: a younger one does not make an older one read
// its text again.
TEST(Company, CellsOfAnOlderRunAreKeptWhileItWaitsForAnotherModel) {
  const auto rows_with = [](int n_cells) {
    const Table target = random_table(8, 1);
    TableModel first({.n_cells = n_cells, .n_context = 512, .max_sequences = 32, .max_rows = 64}, target);
    TableModel second(kLong, target);
    Scheduler scheduler({}, {.prefill_chunk_size = 32});
    scheduler.add(first, 0);
    scheduler.add(second, 1);
    const auto older = start(scheduler, drafting(40, prompt_of(150, 1)));
    const auto younger = start(scheduler, request(greedy_config(40), prompt_of(150, 2), greedy));
    scheduler.run();
    older->rethrow();
    younger->rethrow();
    std::int64_t rows = 0;
    for (const auto& batch : first.batches()) {
      for (const LoggedRow& row : batch) rows += row.prefix[0] == prompt_of(1, 1)[0];
    }
    return rows;
  };
  EXPECT_EQ(rows_with(280), rows_with(600));
}

// ---- large inquiries ------------------------------------------------------------------------------------------------

// Hidden states of the whole prompt, as contrastive search asks for them.
Task<void> look_at_all(Run& run) {
  std::vector<Node> path;
  for (Node node = run.prompt(); node.length() > 0; node = node.parent()) {
    path.push_back(node);
    if (node.length() == 1) break;
  }
  const Ask ask{.nodes = {path.rbegin(), path.rend()}, .outputs = {.logits = false, .hidden = true}};
  auto rows = co_await run.eval(ask);
  EXPECT_EQ(rows.size(), path.size());
  Node tip = run.prompt();
  while (!run.finished(0)) {
    auto row = co_await run.eval(tip);
    const Step step = run.process(0, tip, row[0]);
    tip = run.emit(0, step, step.scores.argmax());
  }
}

// Batches until the short one has its `n` tokens, beside what is long.
std::size_t batches_beside(const Request& large, int n = 16) {
  TableModel model({.n_cells = 4096, .n_context = 2000, .max_sequences = 256, .max_rows = 80, .max_outputs = 16});
  Scheduler scheduler({&model}, {.prefill_chunk_size = 64});
  const auto big = start(scheduler, large);
  const auto small = start(scheduler, request(greedy_config(n), {1, 2}, greedy));
  while (!small->done()) scheduler.step();
  const std::size_t batches = model.batches().size();
  scheduler.run();
  big->rethrow();
  return batches;
}

TEST(Company, NoLargeInquiryDelaysAShortOneMoreThanAPromptDoes) {
  const std::size_t prompt = batches_beside(request(greedy_config(2), prompt_of(1500), greedy));
  EXPECT_LE(prompt, 17u);
  EXPECT_LE(batches_beside(request(greedy_config(2), prompt_of(1500), look_at_all)), prompt);
  GenerationConfig many = sampling_config(1, 8);
  many.num_return_sequences = 200;
  EXPECT_LE(batches_beside(request(many, prompt_of(10), sample)), 2 * prompt);
  GenerationConfig beams = greedy_config(8);
  beams.num_beams = 100;
  EXPECT_LE(batches_beside(request(beams, prompt_of(10), beam)), 2 * prompt);
}

TEST(Company, HiddenStatesOfAPromptComeAChunkAtATime) {
  TableModel model({.n_cells = 2048, .n_context = 2000, .max_rows = 80, .max_outputs = 4});
  Scheduler scheduler({&model}, {.prefill_chunk_size = 64});
  const auto run = start(scheduler, request(greedy_config(1), prompt_of(640), look_at_all));
  scheduler.run();
  run->rethrow();
  EXPECT_LE(model.batches().size(), 10u + 1u);  // not as many as outputs with logits would take
}

TEST(Company, AChunkLargerThanABatchIsCut) {
  TableModel model({.n_cells = 2000, .n_context = 512, .max_rows = 64});
  Scheduler scheduler({&model}, {.prefill_chunk_size = 256});
  const auto run = start(scheduler, request(greedy_config(3), prompt_of(100), greedy));
  scheduler.run();
  run->rethrow();
  EXPECT_EQ(model.batches()[0].size(), 64u);
}

// ---- numbers that are not finite ------------------------------------------------------------------------------------

// One text leads to numbers that are not finite, on a model whose attention does not keep rows apart.
TEST(Company, AGuiltyRequestFailsAlone) {
  for (const bool in_prompt : {true, false}) {
    const Table table = [inner = random_table(8), in_prompt](const std::vector<Token>& prefix) {
      auto logits = inner(prefix);
      const bool bad = prefix[0] == 7 && (in_prompt || prefix.size() >= 6);
      if (bad) logits.assign(logits.size(), std::numeric_limits<float>::quiet_NaN());
      return logits;
    };
    TableModel model(
        {.n_cells = 1024, .max_sequences = 64, .max_rows = 64, .max_outputs = 32, .keeps_rows_apart = false}, table);
    Scheduler scheduler({&model}, {.prefill_chunk_size = 16});
    std::vector<std::unique_ptr<decant::Run>> runs;
    std::vector<Request> requests;
    for (Token first = 0; first < 8; ++first) {
      for (Token next = 0; next < 2; ++next) {
        std::vector<Token> prompt = {first, next, 1};
        if (next == 1) prompt.resize(40, 2);  // in several chunks, so that it is bad before anybody sees it
        requests.push_back(request(sampling_config(static_cast<std::uint64_t>(first), 12), prompt, sample));
        runs.push_back(start(scheduler, requests.back()));
      }
    }
    scheduler.run();
    for (std::size_t i = 0; i < runs.size(); ++i) {
      if (requests[i].prompt[0] == 7) {
        EXPECT_THROW(runs[i]->rethrow(), Error);
        continue;
      }
      ASSERT_NO_THROW(runs[i]->rethrow()) << i;
      EXPECT_EQ(runs[i]->sequences()[0].ids, run_alone(requests[i])[0]) << i;
    }
  }
}

TEST(Company, ABatchThatFailsFailsOnlyForItsCause) {
  TableModel model(kLong);
  model.fail_at = [](const std::vector<Token>& prefix) { return prefix[0] == 7 && prefix.size() == 5; };
  Scheduler scheduler({&model});
  const auto bad = start(scheduler, request(greedy_config(8), {7, 1, 2}, greedy));
  const auto good = start(scheduler, request(greedy_config(8), {1, 2, 3}, greedy));
  scheduler.run();
  EXPECT_THROW(bad->rethrow(), Error);
  EXPECT_EQ(good->sequences()[0].ids, run_alone(request(greedy_config(8), {1, 2, 3}, greedy), kLong)[0]);
}

// ---- contexts -------------------------------------------------------------------------------------------------------

// No text asks for a position that a model does not have, whatever is tried ahead of it.
TEST(Company, NobodyReadsBeyondTheContextOfAnyOfItsModels) {
  TableModel expert({.n_cells = 512, .n_context = 20}), amateur({.n_cells = 512, .n_context = 14});
  for (TableModel* each : {&expert, &amateur}) {
    each->set_table([inner = random_table(8), limit = each->info().n_context](const std::vector<Token>& prefix) {
      if (static_cast<int>(prefix.size()) > limit) throw std::logic_error("beyond the context");
      return inner(prefix);
    });
  }
  const auto length_of = [&](GenerationConfig config, std::vector<int> models) {
    Scheduler scheduler({&expert, &amateur});
    Request one = request(config, {1, 2, 3}, resolve_strategy(config).run);
    one.models = models;
    const auto run = start(scheduler, one);
    scheduler.run();
    run->rethrow();
    EXPECT_EQ(run->sequences()[0].finish, FinishReason::context);
    return 3 + static_cast<int>(run->sequences()[0].ids.size());
  };
  EXPECT_EQ(length_of(greedy_config(100), {0}), 21);  // the last token is not read
  GenerationConfig search = greedy_config(100);
  search.penalty_alpha = .6;
  search.top_k = 4;
  EXPECT_EQ(length_of(search, {0}), 20);
  GenerationConfig contrast = greedy_config(100);
  contrast.amateur = "small";
  EXPECT_EQ(length_of(contrast, {0, 1}), 15);
  contrast.amateur_context = 5;
  EXPECT_EQ(length_of(contrast, {0, 1}), 21);
}

Task<void> ask_beyond(Run& run, int model, Token token) {
  const Ask ask{.nodes = {run.prompt().child(token)}, .model = model};
  co_await run.eval(ask);
}

TEST(Company, AnAskIsCheckedAgainstItsModel) {
  TableModel large({.n_vocab = 12}), small({.n_vocab = 8, .n_context = 4});
  const auto message = [&](std::vector<Token> prompt, int model, Token token) -> std::string {
    Scheduler scheduler({&large, &small});
    Request one =
        request(greedy_config(), std::move(prompt), [=](decant::Run& run) { return ask_beyond(run, model, token); });
    one.models = {0, 1};
    one.config.amateur_context = 4;
    const auto run = start(scheduler, one);
    scheduler.run();
    try {
      run->rethrow();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(message({1, 2}, 0, 11), "");
  EXPECT_NE(message({1, 2}, 1, 11).find("token 11 is outside of the vocabulary"), std::string::npos);
  EXPECT_EQ(message({1, 2}, 1, 7), "");
  EXPECT_NE(message({1, 2, 3, 4}, 1, 7).find("5 tokens"), std::string::npos);
}

// ---- holding --------------------------------------------------------------------------------------------------------

TEST(Company, AHeldRunStandsStillAndLosesNothing) {
  TableModel model(kLong);
  Scheduler scheduler({&model});
  const auto held = start(scheduler, request(greedy_config(30), {1, 2}, greedy));
  const auto other = start(scheduler, request(greedy_config(30), {3, 2}, greedy));
  for (int i = 0; i < 5; ++i) scheduler.step();
  held->hold(true);
  const int before = held->stats().new_tokens;
  scheduler.run();
  EXPECT_TRUE(other->done());
  EXPECT_LE(held->stats().new_tokens, before + 1);
  held->hold(false);
  scheduler.run();
  EXPECT_EQ(held->sequences()[0].ids, run_alone(request(greedy_config(30), {1, 2}, greedy), kLong)[0]);
}

}  // namespace
}  // namespace decant
