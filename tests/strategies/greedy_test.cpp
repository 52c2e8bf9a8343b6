
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "support/runs.h"
#include "support/strategies.h"

namespace decant {
namespace {

using namespace testing;

// The definition: every prefix from scratch, the first of the largest scores.
std::vector<Token> greedy_oracle(const Table& table, std::vector<Token> text, int n, float penalty) {
  std::vector<Token> chosen;
  for (int i = 0; i < n; ++i) {
    auto scores = table(text);
    for (const Token seen : std::set<Token>(text.begin(), text.end())) {
      float& score = scores[static_cast<std::size_t>(seen)];
      score = score < 0 ? score * penalty : score / penalty;
    }
    const auto best = std::max_element(scores.begin(), scores.end()) - scores.begin();
    chosen.push_back(static_cast<Token>(best));
    text.push_back(chosen.back());
  }
  return chosen;
}

TEST(Greedy, IsTheArgmaxOfEveryPrefix) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const Table table = random_table(8, seed);
    for (const float penalty : {1.0f, 1.3f, 0.7f}) {
      GenerationConfig config = greedy_config(15);
      config.repetition_penalty = static_cast<double>(penalty);
      EXPECT_EQ(run_alone(request(config, {1, 2, 3}, greedy), {}, table)[0],
                greedy_oracle(table, {1, 2, 3}, 15, penalty));
    }
  }
}

TEST(Greedy, OfEqualScoresTheLowestIdWins) {
  const Table table = [](const std::vector<Token>&) { return std::vector<float>{0, 2, -1, 2, 2, 0, 1, 1}; };
  EXPECT_EQ(run_alone(request(greedy_config(3), {0}, greedy), {}, table)[0], (std::vector<Token>{1, 1, 1}));
}

// Token 7 after three generated tokens, else token 1.
Table ends_after_three() {
  return [](const std::vector<Token>& prefix) {
    std::vector<float> logits(8, 0);
    logits[prefix.size() < 5 ? 1 : 7] = 5;
    return logits;
  };
}

TEST(Greedy, StopsAtTheModelsEndOfSequenceAndKeepsIt) {
  TableModel model({}, ends_after_three());
  model.set_vocab(TableVocab({"a", "b", "c", "d", "e", "f", "g", "<eos>"}, {7}));
  Scheduler scheduler({&model});
  const auto run = start(scheduler, request(greedy_config(20), {0, 0}, greedy));
  scheduler.run();
  EXPECT_EQ(run->sequences()[0].ids, (std::vector<Token>{1, 1, 1, 7}));
  EXPECT_EQ(run->sequences()[0].bytes, "bbb");
  EXPECT_EQ(run->sequences()[0].finish, FinishReason::stop);
}

TEST(Greedy, GoesOnBehindItWhenToldTo) {
  TableModel model({}, ends_after_three());
  model.set_vocab(TableVocab({"a", "b", "c", "d", "e", "f", "g", "<eos>"}, {7}));
  Scheduler scheduler({&model});
  GenerationConfig config = greedy_config(6);
  config.ignore_eos = true;
  const auto run = start(scheduler, request(config, {0, 0}, greedy));
  scheduler.run();
  EXPECT_EQ(run->sequences()[0].ids.size(), 6u);
  EXPECT_EQ(run->sequences()[0].finish, FinishReason::length);
}

TEST(Greedy, ScoreIsTheLogLikelihoodUnderTheModel) {
  const Table table = random_table(8, 3);
  TableModel model({}, table);
  Scheduler scheduler({&model});
  GenerationConfig config = greedy_config(5);
  config.repetition_penalty = 1.5;  // changes the choice, not the model's opinion of it
  const auto run = start(scheduler, request(config, {1, 2}, greedy));
  scheduler.run();
  std::vector<Token> text = {1, 2};
  double expected = 0;
  for (const Token token : run->sequences()[0].ids) {
    const auto logits = table(text);
    double total = 0;
    for (const float logit : logits) total += std::exp(static_cast<double>(logit));
    expected += static_cast<double>(logits[static_cast<std::size_t>(token)]) - std::log(total);
    text.push_back(token);
  }
  EXPECT_NEAR(run->sequences()[0].score, expected, 1e-5);
}

}  // namespace
}  // namespace decant
