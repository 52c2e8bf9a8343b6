#include "run/scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "base/error.h"
#include "support/runs.h"
#include "support/strategies.h"

namespace decant {
namespace {

using namespace testing;

std::vector<Token> prompt_of(int length, Token first = 1) {
  std::vector<Token> prompt(static_cast<std::size_t>(length));
  for (int i = 0; i < length; ++i) prompt[static_cast<std::size_t>(i)] = (first + i) % 8;
  return prompt;
}

TEST(Scheduler, OneRunIsOneRowAStepAfterItsPrompt) {
  TableModel model;
  Scheduler scheduler({&model});
  const auto run = start(scheduler, request(greedy_config(5), {1, 2, 3}, greedy));
  scheduler.run();
  run->rethrow();
  ASSERT_EQ(model.batches().size(), 5u);
  EXPECT_EQ(model.batches()[0].size(), 3u);
  for (std::size_t i = 1; i < 5; ++i) EXPECT_EQ(model.batches()[i].size(), 1u);
  EXPECT_EQ(run->stats().rows, 7);
  EXPECT_EQ(run->stats().evals, 5);
  EXPECT_EQ(run->stats().new_tokens, 5);
}

TEST(Scheduler, RunsShareBatches) {
  TableModel model;
  Scheduler scheduler({&model});
  std::vector<std::unique_ptr<decant::Run>> runs;
  for (Token first = 0; first < 4; ++first) {
    runs.push_back(start(scheduler, request(greedy_config(6), prompt_of(3, first), greedy)));
  }
  scheduler.run();
  EXPECT_EQ(model.batches().size(), 6u);
  EXPECT_EQ(model.batches()[0].size(), 12u);
  EXPECT_EQ(model.batches()[1].size(), 4u);
}

TEST(Scheduler, ThePromptOfManySequencesIsEvaluatedOnce) {
  TableModel model;
  Scheduler scheduler({&model});
  GenerationConfig config = sampling_config(3, 4);
  config.num_return_sequences = 5;
  const auto run = start(scheduler, request(config, prompt_of(6), sample));
  scheduler.run();
  EXPECT_EQ(model.batches()[0].size(), 6u);
  EXPECT_LE(model.batches()[1].size(), 5u);
  EXPECT_EQ(model.batches().size(), 4u);
}

TEST(Scheduler, ACommonPromptOfTwoRunsIsEvaluatedOnce) {
  TableModel model;
  Scheduler scheduler({&model});
  const auto a = start(scheduler, request(sampling_config(1, 4), prompt_of(6), sample));
  const auto b = start(scheduler, request(sampling_config(2, 4), prompt_of(6), sample));
  scheduler.run();
  EXPECT_EQ(model.batches().size(), 4u);
  EXPECT_EQ(model.batches()[0].size(), 6u);
  EXPECT_LE(model.rows_evaluated(), 6 + 2 * 3);
}

// The contract: the same tokens alone, among others, in any order of arrival, in any cache.
TEST(Scheduler, CompanyAndOrderOfArrivalChangeNothing) {
  std::vector<Request> requests;
  for (int i = 0; i < 8; ++i) {
    GenerationConfig config =
        i % 3 == 2 ? greedy_config(10) : sampling_config(static_cast<std::uint64_t>(100 + i), 6 + i);
    if (i % 3 == 1) config.num_return_sequences = 3;
    requests.push_back(request(config, prompt_of(2 + 3 * i, i % 2), i % 3 == 2 ? StrategyFunction(greedy) : sample));
  }
  std::vector<std::vector<std::vector<Token>>> alone;
  for (const Request& each : requests) alone.push_back(run_alone(each));

  std::mt19937 random(5);
  for (int trial = 0; trial < 30; ++trial) {
    TableModel model({.n_cells = trial % 3 ? 512 : 70, .max_sequences = trial % 2 ? 16 : 4});
    Scheduler scheduler({&model}, {.prefill_chunk_size = 1 + trial % 7});
    std::vector<std::size_t> order(requests.size());
    std::iota(order.begin(), order.end(), 0u);
    std::shuffle(order.begin(), order.end(), random);
    std::vector<std::unique_ptr<decant::Run>> runs(requests.size());
    for (const std::size_t i : order) {
      runs[i] = start(scheduler, requests[i]);
      for (unsigned steps = random() % 4; steps > 0; --steps) scheduler.step();
    }
    scheduler.run();
    for (std::size_t i = 0; i < runs.size(); ++i) {
      runs[i]->rethrow();
      for (std::size_t s = 0; s < alone[i].size(); ++s) EXPECT_EQ(runs[i]->sequences()[s].ids, alone[i][s]);
    }
    runs.clear();
    EXPECT_EQ(model.used_cells(), 0);
    EXPECT_EQ(scheduler.live_nodes(), 0);
  }
}

TEST(Scheduler, ALongPromptComesInChunksAndDelaysNobodyByMoreThanOne) {
  TableModel model({.n_cells = 512, .n_context = 256, .max_rows = 64});
  Scheduler scheduler({&model}, {.prefill_chunk_size = 16});
  const auto quick = start(scheduler, request(greedy_config(30), prompt_of(3), greedy));
  for (int i = 0; i < 3; ++i) scheduler.step();
  const auto slow = start(scheduler, request(greedy_config(3), prompt_of(100, 2), greedy));
  const auto late = start(scheduler, request(greedy_config(3), prompt_of(5, 5), greedy));
  const std::size_t before = model.batches().size();
  const int had = quick->stats().new_tokens;
  for (int i = 0; i < 5; ++i) scheduler.step();
  EXPECT_EQ(quick->stats().new_tokens, had + 5);  // a token every step, chunk or no chunk
  EXPECT_GE(late->stats().new_tokens, 1);         // did not wait for the 7 chunks of `slow`
  EXPECT_EQ(slow->stats().new_tokens, 0);
  for (std::size_t i = before; i < model.batches().size(); ++i) EXPECT_LE(model.batches()[i].size(), 16u + 2u);
  scheduler.run();
  EXPECT_EQ(slow->stats().new_tokens, 3);
}

TEST(Scheduler, ChunksAreCutAtFixedPositions) {
  TableModel model({.n_cells = 512, .n_context = 256});
  Scheduler scheduler({&model}, {.prefill_chunk_size = 16});
  const auto run = start(scheduler, request(greedy_config(1), prompt_of(40), greedy));
  scheduler.run();
  ASSERT_EQ(model.batches().size(), 3u);
  EXPECT_EQ(model.batches()[0].back().position, 15);
  EXPECT_EQ(model.batches()[1].back().position, 31);
  EXPECT_EQ(model.batches()[2].back().position, 39);
  EXPECT_FALSE(model.batches()[1].back().output);
  EXPECT_TRUE(model.batches()[2].back().output);
}

TEST(Scheduler, DestroyingARunCancelsItAndFreesItsNodes) {
  TableModel model;
  Scheduler scheduler({&model});
  auto doomed = start(scheduler, request(sampling_config(1, 50), prompt_of(4), sample));
  const auto other = start(scheduler, request(sampling_config(2, 8), prompt_of(4, 3), sample));
  for (int i = 0; i < 3; ++i) scheduler.step();
  const int cells = model.used_cells();
  doomed.reset();
  EXPECT_LT(model.used_cells(), cells);
  EXPECT_EQ(scheduler.live_nodes(), 4 + 3);
  scheduler.run();
  EXPECT_EQ(other->sequences()[0].ids, run_alone(request(sampling_config(2, 8), prompt_of(4, 3), sample))[0]);
}

TEST(Scheduler, ARunThatNeverBeganCanBeDestroyed) {
  TableModel model;
  Scheduler scheduler({&model});
  auto run = start(scheduler, request(greedy_config(), {1}, greedy));
  run.reset();
  EXPECT_FALSE(scheduler.step());
}

TEST(Scheduler, AnErrorEndsOneRunOnly) {
  const Table table = [inner = random_table(8)](const std::vector<Token>& prefix) {
    auto logits = inner(prefix);
    if (prefix[0] == 7 && prefix.size() == 5) logits[3] = std::numeric_limits<float>::quiet_NaN();
    return logits;
  };
  TableModel model({}, table);
  Scheduler scheduler({&model});
  const auto bad = start(scheduler, request(sampling_config(1, 8), {7, 1, 2}, sample));
  const auto good = start(scheduler, request(sampling_config(2, 8), {1, 2, 3}, sample));
  scheduler.run();
  EXPECT_THROW(bad->rethrow(), Error);
  EXPECT_EQ(bad->sequences()[0].ids.size(), 2u);
  good->rethrow();
  EXPECT_EQ(good->sequences()[0].ids, run_alone(request(sampling_config(2, 8), {1, 2, 3}, sample))[0]);
  EXPECT_TRUE(bad->done());
}

// remove_invalid_values: NaN counts as 0, infinity as the largest number.
TEST(Scheduler, InvalidLogitsCanBeRepaired) {
  constexpr float inf = std::numeric_limits<float>::infinity();
  const Table table = [](const std::vector<Token>& prefix) {
    if (prefix.size() == 2) return std::vector<float>{-1, std::numeric_limits<float>::quiet_NaN(), -2, -inf};
    return std::vector<float>{-1, -3, inf, 5};
  };
  TableModel model({.n_vocab = 4}, table);
  Scheduler scheduler({&model});
  GenerationConfig config = greedy_config(2);
  config.remove_invalid_values = true;
  config.ignore_eos = true;
  const auto run = start(scheduler, request(config, {1, 2}, greedy));
  scheduler.run();
  run->rethrow();
  EXPECT_EQ(run->sequences()[0].ids, (std::vector<Token>{1, 2}));
}

TEST(Scheduler, AFailingModelFailsTheRunsOfThatBatchAndNoLaterOne) {
  TableModel model;
  Scheduler scheduler({&model});
  const auto first = start(scheduler, request(greedy_config(6), {1, 2}, greedy));
  model.fail_in = 2;
  scheduler.run();
  EXPECT_THROW(first->rethrow(), Error);
  const auto second = start(scheduler, request(greedy_config(6), {1, 2}, greedy));
  scheduler.run();
  second->rethrow();
  EXPECT_EQ(second->sequences()[0].ids.size(), 6u);
}

TEST(Scheduler, MoreRowsThanABatchHolds) {
  TableModel model({.n_cells = 512, .max_sequences = 64, .max_rows = 64, .max_outputs = 4});
  Scheduler scheduler({&model});
  GenerationConfig config = sampling_config(9, 5);
  config.num_return_sequences = 30;
  const auto run = start(scheduler, request(config, {1, 2}, sample));
  scheduler.run();
  run->rethrow();
  const auto expected = run_alone(request(config, {1, 2}, sample), {.n_cells = 512, .max_sequences = 64});
  for (std::size_t i = 0; i < 30; ++i) EXPECT_EQ(run->sequences()[i].ids, expected[i]);
}

TEST(Scheduler, ACacheTooSmallForOneRequestIsAnError) {
  TableModel model({.n_cells = 4, .n_context = 64});
  Scheduler scheduler({&model});
  const auto run = start(scheduler, request(greedy_config(10), {1, 2}, greedy));
  scheduler.run();
  EXPECT_THROW(run->rethrow(), Error);
  EXPECT_EQ(run->sequences()[0].ids.size(), 3u);
}

TEST(Scheduler, RefusesPromptsThatCannotBeContinued) {
  TableModel model;
  Scheduler scheduler({&model});
  EXPECT_THROW(start(scheduler, request(greedy_config(), {}, greedy)), Error);
  EXPECT_THROW(start(scheduler, request(greedy_config(), {8}, greedy)), Error);
  EXPECT_THROW(start(scheduler, request(greedy_config(), {-1}, greedy)), Error);
  EXPECT_THROW(start(scheduler, request(greedy_config(), prompt_of(129), greedy)), Error);
  GenerationConfig config = greedy_config();
  config.max_length = 3;
  EXPECT_THROW(start(scheduler, request(config, {1, 2, 3}, greedy)), Error);
}

TEST(Scheduler, NoNewTokensNeedNoModel) {
  TableModel model;
  Scheduler scheduler({&model});
  const auto run = start(scheduler, request(greedy_config(0), {1, 2}, greedy));
  scheduler.run();
  EXPECT_TRUE(run->done());
  EXPECT_EQ(run->sequences()[0].finish, FinishReason::length);
  EXPECT_TRUE(model.batches().empty());
}

TEST(Scheduler, SynchronousModeGivesTheSameTokens) {
  TableModel model;
  Scheduler scheduler({&model}, {.prefill_chunk_size = 4, .synchronous = true});
  const auto a = start(scheduler, request(sampling_config(4), prompt_of(9), sample));
  const auto b = start(scheduler, request(sampling_config(5), prompt_of(9, 2), sample));
  scheduler.run();
  EXPECT_EQ(a->sequences()[0].ids, run_alone(request(sampling_config(4), prompt_of(9), sample))[0]);
  EXPECT_EQ(b->sequences()[0].ids, run_alone(request(sampling_config(5), prompt_of(9, 2), sample))[0]);
}

}  // namespace
}  // namespace decant
