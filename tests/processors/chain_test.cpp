#include "processors/chain.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <numeric>
#include <random>

#include "base/error.h"
#include "options/usage_error.h"
#include "processors/support.h"
#include "support/table_model.h"

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

std::vector<std::string> names(const GenerationConfig& config, bool sampling) {
  Scores scores = scores_of({1, 2, 3});
  ChainTrace trace;
  Chain(config, sampling).traced(scores, Context{.tokens = Tokens{0}}, trace);
  std::vector<std::string> result;
  for (const auto& stage : trace.stages()) result.emplace_back(stage.name);
  return result;
}

TEST(Chain, HuggingFacesOrder) {
  using Names = std::vector<std::string>;
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
  Chain(config, true)(scores, Context{.tokens = Tokens{0, 1}});
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

// ---- nothing left ---------------------------------------------------------------------------------------------------

std::string complaint(const Chain& chain, const Context& context, bool traced) {
  Scores scores = scores_of({1, 2, 3});
  ChainTrace trace;
  return usage_error([&] { traced ? chain.traced(scores, context, trace) : chain(scores, context); });
}

TEST(Chain, SaysWhichProcessorLeftNothing) {
  const Tokens tokens{0, 1, 2, 1};
  const Context second_new{.tokens = tokens, .n_prompt = 3};
  for (const bool traced : {false, true}) {
    EXPECT_EQ(complaint(Chain({.suppress_tokens = {2, 0, 1}}, true), second_new, traced),
              "suppress_tokens left no token to choose from at position 4 (new token 2): loosen it, or drop it");
    GenerationConfig config;
    config.no_repeat_ngram_size = 1;  // every token has occurred
    config.repetition_penalty = 1.5;
    EXPECT_EQ(complaint(Chain(config, false), second_new, traced),
              "no_repeat_ngram_size left no token to choose from at position 4 (new token 2): loosen it, or drop it");
    // The last of several that together leave nothing.
    config = {.suppress_tokens = {0, 1}, .begin_suppress_tokens = {2}};
    const Chain chain(config, true);
    EXPECT_EQ(complaint(chain, Context{.tokens = tokens, .n_prompt = 4}, traced),
              "begin_suppress_tokens left no token to choose from at position 4 (new token 1): loosen it, or drop it");
    EXPECT_EQ(complaint(chain, second_new, traced), "(no error)");
    config = {};
    config.prefix_allowed_tokens_fn = [](std::span<const int>) { return std::vector<int>{}; };
    EXPECT_EQ(complaint(Chain(config, true), second_new, traced),
              "prefix_allowed_tokens_fn left no token to choose from at position 4 (new token 2): loosen it, or drop "
              "it");
  }
}

TEST(Chain, GoesOnAfterAStepThatLeftNothing) {
  const Chain chain({.suppress_tokens = {0, 1}}, true);
  Scores scores = scores_of({1, 2, -inf});
  ChainTrace trace;
  EXPECT_THROW(chain.traced(scores, {}, trace), Error);
  scores.reset(Floats{1, 2, 3});
  chain.traced(scores, {}, trace);
  EXPECT_EQ(scores.argmax(), 2);
  EXPECT_EQ(trace.stages().size(), 2u);
  EXPECT_EQ(trace.stages()[0].kept, 1);
}

// ---- states ---------------------------------------------------------------------------------------------------------

TEST(ChainStates, OnlyWhereAProcessorHasOne) {
  EXPECT_FALSE(Chain({}, true).has_state());
  EXPECT_FALSE(Chain(all_on(), true).has_state());
  EXPECT_EQ(Chain(all_on(), true).next(nullptr, 0, {}), nullptr);
  GenerationConfig config;
  config.adaptive_target = .5;
  EXPECT_TRUE(Chain(config, true).has_state());
  EXPECT_FALSE(Chain(config, false).has_state());
}

// Mirostat 2 with tau 1.25 begins with mu = 2.5 bits; .6 and .25 have .74 and 2 bits and stay. Choosing .25 / .85, of
// 1.766 bits, makes mu 2.5 - 2 (1.766 - 1.25) = 1.47; choosing .6 / .85, of .5025 bits, makes it 3.995. Of .6, .18, .12
// and .1, with .74, 2.47, 3.06 and 3.32 bits, these keep one and all.
TEST(ChainStates, BelongToTheTextAndNotToTheChain) {
  GenerationConfig config;
  config.no_repeat_ngram_size = 9;  // has no state, and comes first
  config.mirostat = 2;
  config.mirostat_tau = 1.25;
  config.mirostat_eta = 2;
  const testing::TableVocab vocab({"a", "b", "c", "d"});
  const Chain chain(config, true, {.vocab = &vocab});
  ASSERT_TRUE(chain.has_state());
  const auto kept = [&](const Doubles& p, const Chain::States* states) {
    Scores scores = scores_of(log_of(p));
    chain(scores, {}, states);
    return scores.kept();
  };
  const Doubles first{.6, .25, .1, .05}, second{.6, .18, .12, .1};
  const auto after = [&](const Chain::States* states, Token token) {
    Scores scores = scores_of(log_of(first));
    chain(scores, {}, states);
    return chain.next(states, token, chain.observe(scores, token));
  };
  EXPECT_EQ(kept(first, nullptr), 2);
  EXPECT_EQ(kept(second, nullptr), 2);
  const auto after_0 = after(nullptr, 0), after_1 = after(nullptr, 1);
  for (int repeat = 0; repeat < 2; ++repeat) {  // in any order, as often as you like
    EXPECT_EQ(kept(second, after_1.get()), 1);
    EXPECT_EQ(kept(second, after_0.get()), 4);
    EXPECT_EQ(kept(second, nullptr), 2);
  }
  // A second step of each: mu 3.995 keeps .6, .25 and .1 (.1 has 3.32 bits), of which .6 is .6 / .95 and has .663 bits,
  // so that mu is 3.995 + 2 * .587 = 5.17; mu 1.47 keeps .6 alone, which has 0 bits then, so that mu is 3.97.
  const auto after_00 = after(after_0.get(), 0), after_10 = after(after_1.get(), 0);
  EXPECT_EQ(kept({.6, .3, .07, .03}, after_00.get()), 4);  // .03 has 5.06 bits
  EXPECT_EQ(kept({.6, .3, .07, .03}, after_10.get()), 3);  // .07 has 3.84
  EXPECT_EQ(kept(second, after_1.get()), 1);
}

// ---- what the trace keeps -------------------------------------------------------------------------------------------

ChainTrace traced(const GenerationConfig& config, bool sampling, const Floats& logits, bool keep_scores = true) {
  ChainTrace trace(keep_scores);
  Scores scores = scores_of(logits);
  Chain(config, sampling).traced(scores, Context{.tokens = Tokens{0}, .n_prompt = 1}, trace);
  return trace;
}

Floats base_of(const ChainTrace& trace) { return {trace.base().begin(), trace.base().end()}; }

TEST(ChainTrace, BaseIsWhatTheCutsBeginWith) {
  const Floats logits{4, 2, 0, -2};
  EXPECT_EQ(base_of(traced({}, false, logits)), logits);
  EXPECT_EQ(base_of(traced({}, true, logits)), logits);
  GenerationConfig config;
  config.temperature = 2;
  config.top_k = 2;
  EXPECT_EQ(base_of(traced(config, true, logits)), logits);
  config.repetition_penalty = 2;
  config.suppress_tokens = {1};
  const Floats edited{2, -inf, 0, -2};
  EXPECT_EQ(base_of(traced(config, true, logits)), edited);
  EXPECT_EQ(base_of(traced(config, false, logits)), edited);
  config.renormalize_logits = true;  // behind the cuts, where there are any
  EXPECT_EQ(base_of(traced(config, true, logits)), edited);
  EXPECT_EQ(base_of(traced(config, false, logits)), edited);
  config.sampler_order = "temperature;penalties;top_k";
  EXPECT_EQ(base_of(traced(config, true, logits)), (Floats{4, -inf, 0, -2}));
}

TEST(ChainTrace, ScoresAfterEachStage) {
  GenerationConfig config;
  config.repetition_penalty = 2;
  config.temperature = .5;
  config.top_k = 2;
  const ChainTrace trace = traced(config, true, {4, 2, 0, -2});
  const std::vector<Floats> expected{{2, 2, 0, -2}, {4, 4, 0, -4}, {4, 4, -inf, -inf}};
  ASSERT_EQ(trace.stages().size(), expected.size());
  for (std::size_t stage = 0; stage < expected.size(); ++stage) {
    for (Token id = 0; id < 4; ++id) EXPECT_EQ(trace.score(stage, id), expected[stage][static_cast<std::size_t>(id)]);
  }
  EXPECT_TRUE(trace.keeps_scores());
  EXPECT_FALSE(traced(config, true, {4, 2, 0, -2}, false).keeps_scores());
}

TEST(ChainTrace, BeginsAnewWithEveryStep) {
  ChainTrace trace(true);
  GenerationConfig config;
  config.top_k = 1;
  config.suppress_tokens = {0};
  const Chain chain(config, true);
  Scores scores = scores_of({4, 3, 2});
  chain.traced(scores, {}, trace);
  scores.reset(Floats{1, 2, 3});
  chain.traced(scores, {}, trace);
  EXPECT_EQ(base_of(trace), (Floats{-inf, 2, 3}));
  ASSERT_EQ(trace.stages().size(), 2u);
  EXPECT_EQ(trace.score(0, 1), 2);
  EXPECT_EQ(trace.score(1, 1), -inf);
  EXPECT_EQ(trace.removed_by(1), "top_k");
  EXPECT_EQ(trace.removed_by(2), "");
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
    Chain(config, true)(scores, Context{.tokens = tokens});
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
  chain(plain, Context{.tokens = Tokens{0, 1}});
  chain.traced(traced, Context{.tokens = Tokens{0, 1}}, trace);
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
  chain(one, Context{.tokens = Tokens{0}});
  chain(other, Context{.tokens = Tokens{names[0]}});
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
  Chain(config, false)(greedy, Context{.tokens = Tokens{0}});
  Scores cold = scores_of(logits);
  Chain(config, true)(cold, Context{.tokens = Tokens{0}});
  for (const std::uint32_t i : {0u, 1u, 2u}) {
    RC_ASSERT(cold.race(1, GumbelNoise(5, 0, i)).front().id == greedy.argmax());
  }
}

}  // namespace
}  // namespace decant
