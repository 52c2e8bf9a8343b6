#include "processors/adaptive_p.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "processors/laws.h"

namespace decant {
namespace {

const Floats dyadic = log_of({.125, .5, .125, .25});

Floats after_state(const AdaptiveP& processor, const StatePtr& state, const Floats& logits) {
  return after_in(Context{.state = state.get()}, processor, logits);
}

void expect_near(const Floats& found, const Doubles& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-5) << i;
}

// The aim is 1/2: x = 5/4 0 5/4 5/6.
TEST(AdaptivePProcessor, ByHand) {
  const AdaptiveP processor(.5, 0);
  const double far = 5 - 10 * 1.5625 / 2.25;
  expect_near(after_state(processor, processor.start(), dyadic), {far, 5, far, 5 - 10 * (25 / 36.) / (11 / 6.)});
}

TEST(AdaptivePProcessor, AimsOppositeToWhatWasChosen) {
  const AdaptiveP processor(.5, .5);
  Scores scores = scores_of(dyadic);
  const StatePtr start = processor.start();  // 1 of 2
  processor(scores, Context{.state = start.get()});
  const double p = processor.observe(scores, 3);
  EXPECT_NEAR(p, .25, 1e-7);  // before the transformation
  EXPECT_NEAR(processor.observe(scores, 1), .5, 1e-7);
  const StatePtr next = processor.next(*start, 3, p);  // 3/4 of 2: the aim is 1 - 3/8
  const auto score = [](double distance) {
    const double x = distance / .3;
    return 5 - 10 * x * x / (1 + x);
  };
  expect_near(after_state(processor, next, dyadic), {score(.5), score(.125), score(.5), score(.375)});
  const StatePtr third = processor.next(*next, 1, .5);  // 7/8 of 2: 1 - 7/16
  expect_near(after_state(processor, third, dyadic), {score(.4375), score(.0625), score(.4375), score(.3125)});
}

// One processor, two steps at a time: what it met belongs to the step.
TEST(AdaptivePProcessor, KeepsNothingOfAStep) {
  const AdaptiveP processor(.5, .5);
  const StatePtr start = processor.start();
  Scores one = scores_of(dyadic), other = scores_of(log_of({.25, .25, .25, .25}));
  processor(one, Context{.state = start.get()});
  processor(other, Context{.state = start.get()});
  EXPECT_NEAR(processor.observe(one, 1), .5, 1e-7);
  EXPECT_NEAR(processor.observe(other, 1), .25, 1e-7);
}

TEST(AdaptivePProcessor, AimIsAProbability) {
  const AdaptiveP high(1, 0), low(0, 0);
  expect_near(after_state(high, high.next(*high.start(), 0, .1), {0, -200}), {5, 5 - 10 * (100 / 9.) / (13 / 3.)});
  expect_near(after_state(low, low.next(*low.start(), 0, .1), {0, -200}), {5 - 10 * (100 / 9.) / (13 / 3.), 5});
}

TEST(AdaptivePProcessor, FewTokens) {
  const AdaptiveP processor(.5, .9);
  const StatePtr start = processor.start();
  EXPECT_EQ(after_state(processor, start, {-42}).size(), 1u);
  EXPECT_GT(after_state(processor, start, {-42})[0], -inf);
  expect_near(after_state(processor, start, {3, 3}), {5, 5});
  const Floats found = after_state(processor, start, {-inf, 0, -inf, 0});
  EXPECT_EQ(found[0], -inf);
  EXPECT_NEAR(found[1], 5, 1e-5);
  EXPECT_EQ(after_state(processor, start, {-inf, -inf}), (Floats{-inf, -inf}));
}

TEST(AdaptivePProcessor, RejectsBadOptions) {
  for (const double bad : {-.1, 1.1, std::nan("")}) {
    EXPECT_THROW(AdaptiveP(bad, .9), Error) << bad;
    EXPECT_THROW(AdaptiveP(.5, bad), Error) << bad;
  }
  EXPECT_THROW(AdaptiveP(.5, .991), Error);
}

RC_GTEST_PROP(AdaptivePProcessor, EqualsTheReference, ()) {
  const double target = *rc::gen::element(0., .1, .5, .9, 1.);
  const AdaptivePState state(*rc::gen::inRange(0, 300) / 100., 3);
  const AdaptiveP processor(target, .9);
  on_random_vectors([&](const Floats& logits) {
    reference::Reference expected{logits};
    expected.adaptive_p(target, state.sum / state.weight);
    const Doubles before = reference::softmax(logits);
    for (Scores scores : {scores_of(logits), ranked_scores_of(logits)}) {
      processor(scores, Context{.state = &state});
      for (Token id = 0; id < static_cast<Token>(logits.size()); ++id) {
        const float own = scores.score(id);
        RC_ASSERT((own == -inf) == (logits[id] == -inf));
        if (own == -inf) continue;
        RC_ASSERT(std::abs(own - expected.scores[id]) < 1e-4);
        RC_ASSERT(std::abs(processor.observe(scores, id) - before[id]) < 1e-6);
      }
    }
  });
}

RC_GTEST_PROP(AdaptivePProcessor, Laws, ()) {
  const AdaptiveP processor(.3, .9);
  const StatePtr start = processor.start();
  ignores_a_shift(processor, Context{.state = start.get()});
  ignores_names(processor, Context{.state = start.get()});
}

}  // namespace
}  // namespace decant
