#include "processors/chain.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <numeric>
#include <random>

#include "base/error.h"
#include "processors/support.h"

namespace decant {
namespace {

GenerationConfig all_on() {
  GenerationConfig config;
  config.repetition_penalty = 1.5;
  config.temperature = .8;
  config.top_k = 50;
  config.top_p = .9;
  config.min_p = .05;
  return config;
}

std::vector<std::string_view> names(const GenerationConfig& config, bool sampling) {
  Scores scores = scores_of({1, 2, 3});
  ChainTrace trace;
  Chain(config, sampling).traced(scores, Tokens{0}, trace);
  std::vector<std::string_view> result;
  for (const auto& stage : trace.stages()) result.push_back(stage.name);
  return result;
}

TEST(Chain, HuggingFacesOrder) {
  using Names = std::vector<std::string_view>;
  EXPECT_EQ(names(all_on(), true), (Names{"repetition_penalty", "temperature", "top_k", "top_p", "min_p"}));
  EXPECT_EQ(names(all_on(), false), (Names{"repetition_penalty"}));
  EXPECT_EQ(names({}, true), (Names{"top_k"}));
  EXPECT_EQ(names({}, false), Names{});
  EXPECT_TRUE(Chain({}, false).empty());
  EXPECT_FALSE(Chain({}, true).empty());
}

TEST(Chain, WhatIsOffDoesNothing) {
  GenerationConfig config;
  config.top_k = 0;
  ASSERT_TRUE(Chain(config, true).empty());
  const Floats logits{3, -inf, 1, 2};
  Scores scores = scores_of(logits);
  Chain(config, true)(scores, Tokens{0, 1});
  EXPECT_EQ(values(scores, 4), logits);
}

TEST(Chain, RejectsImpossibleOptions) {
  GenerationConfig config;
  config.top_k = -3;
  EXPECT_THROW(Chain(config, true), Error);
  EXPECT_NO_THROW(Chain(config, false));
}

// T = 2 makes .64 .16 .16 .04 into 4:2:2:1 of 9; top_k 3 takes the last ninth; top_p .7 reaches 4/8 + 2/8 and so takes
// the second of the equal two; min_p .6 of 4/6 takes the other.
TEST(Chain, TraceByHand) {
  GenerationConfig config;
  config.temperature = 2;
  config.top_k = 3;
  config.top_p = .7;
  config.min_p = .6;
  Scores scores = scores_of(log_of({.16, .04, .64, .16}));
  ChainTrace trace;
  Chain(config, true).traced(scores, {}, trace);
  ASSERT_EQ(trace.stages().size(), 4u);
  const Doubles removed{0, 1 / 9., 2 / 8., 2 / 6.};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(trace.stages()[i].kept, (std::vector{4, 3, 2, 1}[i]));
    EXPECT_NEAR(trace.stages()[i].removed_mass, removed[i], 1e-6);
  }
  EXPECT_EQ(trace.removed_by(0), "min_p");
  EXPECT_EQ(trace.removed_by(1), "top_k");
  EXPECT_EQ(trace.removed_by(2), "");
  EXPECT_EQ(trace.removed_by(3), "top_p");
}

TEST(Chain, TraceLeavesOutWhatWasRemovedBefore) {
  Scores scores = scores_of({0, -inf, 0});
  ChainTrace trace;
  Chain({}, true).traced(scores, {}, trace);
  EXPECT_EQ(trace.removed_by(1), "");
  EXPECT_EQ(trace.stages()[0].kept, 2);
  EXPECT_EQ(trace.stages()[0].removed_mass, 0);
}

GenerationConfig random_config() {
  GenerationConfig config;
  config.repetition_penalty = *rc::gen::element(1., 1.2, 1.5, .8);
  config.temperature = *rc::gen::element(1., .3, .7, 1.5);
  config.top_k = *rc::gen::element(0, 1, 5, 50, 300);
  config.top_p = *rc::gen::element(1., .30037, .70037, .95037);
  config.min_p = *rc::gen::element(0., .01037, .1037, .5037);
  return config;
}

RC_GTEST_PROP(Chain, EqualsTheReference, ()) {
  const GenerationConfig config = random_config();
  Scores scores;  // one for all: what a step leaves behind must not reach the next
  for (int step = 0; step < 30; ++step) {
    const auto n = *rc::gen::inRange(1, 1500);
    const auto spread = *rc::gen::element(.3f, 3.f, 8.f);
    const Floats logits = random_scores(*rc::gen::arbitrary<unsigned>(), {n, spread, false, 0});
    Tokens tokens(20);
    for (Token& token : tokens) token = *rc::gen::inRange(0, n);

    reference::Reference expected{logits};
    if (config.repetition_penalty != 1) expected.repetition_penalty(config.repetition_penalty, tokens);
    expected.temperature(config.temperature);
    if (config.top_k) expected.top_k(config.top_k);
    if (config.top_p < 1) expected.top_p(config.top_p);
    if (config.min_p > 0) expected.min_p(config.min_p);
    if (!expected.clear) continue;

    scores.reset(logits);
    Chain(config, true)(scores, tokens);
    RC_ASSERT(difference(scores, expected) == std::string());
  }
}

RC_GTEST_PROP(Chain, TracedIsTheSame, (unsigned seed)) {
  const Chain chain(random_config(), true);
  const Floats logits = random_scores(seed, {*rc::gen::inRange(2, 1500), 3, false, .1});
  RC_PRE(*std::max_element(logits.begin(), logits.end()) > -inf);
  Scores plain = scores_of(logits);
  Scores traced = scores_of(logits);
  ChainTrace trace;
  chain(plain, Tokens{0, 1});
  chain.traced(traced, Tokens{0, 1}, trace);
  RC_ASSERT(values(plain, logits.size()) == values(traced, logits.size()));
  if (!chain.empty()) RC_ASSERT(trace.stages().back().kept == plain.kept());
  for (std::size_t id = 0; id < logits.size(); ++id) {
    const bool removed = logits[id] > -inf && plain.score(static_cast<Token>(id)) == -inf;
    RC_ASSERT(trace.removed_by(static_cast<Token>(id)).empty() == !removed);
  }
}

// Renaming the tokens renames the result. (Scores without ties: among equals the id decides.)
RC_GTEST_PROP(Chain, DoesNotCareForNames, (unsigned seed)) {
  const Chain chain(random_config(), true);
  Floats logits = random_scores(seed, {*rc::gen::inRange(1, 700), 3});
  Tokens names(logits.size());
  std::iota(names.begin(), names.end(), 0);
  std::shuffle(names.begin(), names.end(), std::mt19937(seed));
  Floats renamed(logits.size());
  for (std::size_t id = 0; id < logits.size(); ++id) renamed[names[id]] = logits[id];
  Scores one = scores_of(logits);
  Scores other = scores_of(renamed);
  chain(one, Tokens{0});
  chain(other, Tokens{names[0]});
  for (Token id = 0; id < one.n_vocab(); ++id) {
    RC_ASSERT(one.score(id) == other.score(names[id]));
    RC_ASSERT(std::abs(one.probability(id) - other.probability(names[id])) < 1e-6);
  }
}

RC_GTEST_PROP(Chain, ColdIsGreedy, (unsigned seed)) {
  GenerationConfig config = random_config();
  config.temperature = 1e-9;
  const Floats logits = random_scores(seed, {*rc::gen::inRange(1, 700), 3});
  Scores greedy = scores_of(logits);
  Chain(config, false)(greedy, Tokens{0});
  Scores cold = scores_of(logits);
  Chain(config, true)(cold, Tokens{0});
  for (const double u : {0., .5, .999}) RC_ASSERT(cold.draw(u) == greedy.argmax());
}

}  // namespace
}  // namespace decant
