#include "strategies/score.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support/runs.h"
#include "support/strategies.h"

namespace decant {
namespace {

using namespace testing;

class Collector : public RunObserver {
 public:
  bool wants_decisions() const override { return true; }
  void decision(const Decision& decision) override { decisions.push_back(decision); }
  std::vector<Decision> decisions;
};

struct Scored {
  Sequence sequence;
  std::vector<Decision> decisions;
  std::vector<std::vector<LoggedRow>> batches;
};

Scored run_one(const GenerationConfig& config, const StrategyFunction& strategy, const Table& table = random_table(8),
               std::vector<Token> prompt = {1, 2}) {
  TableModel model({}, table);
  Scheduler scheduler({&model});
  Collector collector;
  const auto run = start(scheduler, request(config, std::move(prompt), strategy, &collector));
  scheduler.run();
  run->rethrow();
  return {run->sequences()[0], std::move(collector.decisions), model.batches()};
}

TEST(Score, IsTheLogLikelihoodOfTheText) {
  const Table table = random_table(8, 3);
  const std::vector<Token> text{4, 0, 0, 7, 2};
  const Scored scored = run_one(greedy_config(), score(text), table);
  EXPECT_EQ(scored.sequence.ids, text);
  EXPECT_EQ(scored.sequence.bytes, "eaahc");
  std::vector<Token> prefix{1, 2};
  double expected = 0;
  ASSERT_EQ(scored.decisions.size(), text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    double total = 0;
    const auto logits = table(prefix);
    for (const float logit : logits) total += std::exp(static_cast<double>(logit));
    const double log_p = static_cast<double>(logits[static_cast<std::size_t>(text[i])]) - std::log(total);
    EXPECT_NEAR(scored.decisions[i].p_raw, std::exp(log_p), 1e-6);
    EXPECT_EQ(scored.decisions[i].position, static_cast<int>(prefix.size()));
    EXPECT_TRUE(scored.decisions[i].race.empty());
    expected += log_p;
    prefix.push_back(text[i]);
  }
  EXPECT_NEAR(scored.sequence.score, expected, 1e-5);
}

// The distributions along a text are those of the Run that wrote it.
TEST(Score, FollowsWhatAnotherRunWrote) {
  for (const bool sampling : {false, true}) {
    GenerationConfig config = sampling ? sampling_config(5) : greedy_config();
    config.repetition_penalty = 1.3;
    if (sampling) {
      config.xtc_probability = .7;
      config.adaptive_target = .3;
      config.min_p = .02;
    }
    const Scored written = run_one(config, sampling ? sample : greedy);
    const Scored again = run_one(config, score(written.sequence.ids));
    EXPECT_EQ(again.sequence.ids, written.sequence.ids);
    EXPECT_EQ(again.sequence.score, written.sequence.score);
    ASSERT_EQ(again.decisions.size(), written.decisions.size());
    for (std::size_t i = 0; i < again.decisions.size(); ++i) {
      EXPECT_EQ(again.decisions[i].p, written.decisions[i].p);
      EXPECT_EQ(again.decisions[i].rank, written.decisions[i].rank);
      EXPECT_EQ(again.decisions[i].kept, written.decisions[i].kept);
    }
  }
}

TEST(Score, ATokenThatWasCutIsWrittenAnyway) {
  const Table table = [](const std::vector<Token>&) { return std::vector<float>{3, 2, 1, 0, 0, 0, 0, 0}; };
  GenerationConfig config = sampling_config(1);
  config.top_k = 2;
  const Scored scored = run_one(config, score({1, 2, 0}), table);
  EXPECT_EQ(scored.sequence.ids, (std::vector<Token>{1, 2, 0}));
  EXPECT_NEAR(scored.decisions[0].p, 1 / (1 + std::exp(1.0)), 1e-6);
  EXPECT_EQ(scored.decisions[1].p, 0);
  EXPECT_GT(scored.decisions[1].p_raw, 0);
  EXPECT_GT(scored.decisions[2].p, 0.5);
}

// Mirostat cannot learn from a choice that it had ruled out, and goes on as if there had been none.
TEST(Score, ACutTokenLeavesMirostatSane) {
  const Table table = [](const std::vector<Token>&) { return std::vector<float>{5, 4, 1, 0, 0, 0, 0, -9}; };
  for (const double eta : {0.0, 0.1}) {
    GenerationConfig config = sampling_config(1);
    config.top_k = 50;
    config.mirostat = 2;
    config.mirostat_tau = 1;
    config.mirostat_eta = eta;
    const Scored scored = run_one(config, score({7, 7, 0, 0}), table);
    EXPECT_EQ(scored.decisions[0].kept, 2);
    EXPECT_EQ(scored.decisions[1].kept, 2);
    EXPECT_EQ(scored.decisions[2].kept, 2);
  }
}

TEST(Score, ACutTokenLeavesAdaptivePSane) {
  const Table table = [](const std::vector<Token>&) { return std::vector<float>{3, 2, 1, 0, 0, 0, 0, 0}; };
  GenerationConfig config = sampling_config(1);
  config.top_k = 2;
  config.adaptive_target = .3;
  const Scored scored = run_one(config, score({7, 7, 0}), table);
  EXPECT_EQ(scored.decisions[0].p, 0);
  EXPECT_GT(scored.decisions[2].p, scored.decisions[0].p);
  for (const Decision& each : scored.decisions) EXPECT_EQ(each.kept, 2);
}

// Many places are read in one evaluation; none is, of a text that comes to its end by a rule.
TEST(Score, ALongTextIsReadInStretches) {
  const Table table = random_table(8, 5);
  std::vector<Token> text, whole = {1, 2};
  for (int i = 0; i < 120; ++i) text.push_back(2 + (i * i + i / 7) % 6);
  GenerationConfig config = greedy_config(200);
  config.eos_token_id = std::vector<int>{};
  const Scored scored = run_one(config, score(text), table);
  EXPECT_EQ(scored.sequence.ids, text);
  EXPECT_LE(scored.batches.size(), 4u);
  double expected = 0;
  for (const Token token : text) {
    const std::vector<float> logits = table(whole);
    double total = 0;
    for (const float each : logits) total += std::exp(static_cast<double>(each));
    expected += static_cast<double>(logits[static_cast<std::size_t>(token)]) - std::log(total);
    whole.push_back(token);
  }
  EXPECT_NEAR(scored.sequence.score, expected, 1e-4);
}

TEST(Score, EndsWithTheTextOrByTheRunsOwnRules) {
  GenerationConfig config = greedy_config(3);
  Scored scored = run_one(config, score({4, 5, 6, 7}));
  EXPECT_EQ(scored.sequence.ids, (std::vector<Token>{4, 5, 6}));
  EXPECT_EQ(scored.sequence.finish, FinishReason::length);
  config = greedy_config(30);
  scored = run_one(config, score({4, 5}));
  EXPECT_EQ(scored.sequence.ids, (std::vector<Token>{4, 5}));
  EXPECT_EQ(scored.sequence.finish, FinishReason::running);
  ASSERT_EQ(scored.batches.size(), 1u);
  EXPECT_EQ(scored.batches[0].size(), 3u);  // the prompt and 4: the last token is not read
  config.eos_token_id = std::vector<int>{5};
  scored = run_one(config, score({4, 5, 6}));
  EXPECT_EQ(scored.sequence.ids, (std::vector<Token>{4, 5}));
  EXPECT_EQ(scored.sequence.finish, FinishReason::stop);
  scored = run_one(greedy_config(), score({}));
  EXPECT_TRUE(scored.sequence.ids.empty());
  EXPECT_TRUE(scored.batches.empty());
}

// One StrategyFunction may serve several Runs.
TEST(Score, CanBeRunTwiceAtOnce) {
  TableModel model;
  Scheduler scheduler({&model});
  const StrategyFunction strategy = score({4, 5, 6});
  const auto one = start(scheduler, request(greedy_config(), {1, 2}, strategy));
  const auto other = start(scheduler, request(greedy_config(), {3}, strategy));
  scheduler.run();
  EXPECT_EQ(one->sequences()[0].ids, (std::vector<Token>{4, 5, 6}));
  EXPECT_EQ(other->sequences()[0].ids, (std::vector<Token>{4, 5, 6}));
  EXPECT_NE(one->sequences()[0].score, other->sequences()[0].score);
}

}  // namespace
}  // namespace decant
