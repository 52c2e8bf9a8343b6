#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "processors/by_row.h"
#include "processors/random_case.h"

namespace decant {
namespace {

Floats guided(double scale, const Floats& logits, const Floats& unconditional) {
  return after_in(Context{.unconditional = unconditional}, Guidance(scale), logits);
}

// c = ln(1/2, 1/4, 1/8, 1/8), u = ln(1/4, 1/4, 1/4, 1/4), and both with another constant added, as logits have it.
TEST(GuidanceProcessor, ByHand) {
  Floats logits = log_of({.5, .25, .125, .125}), unconditional(4, 7);
  for (float& score : logits) score -= 3;
  const double ln2 = std::log(2);
  EXPECT_TRUE(near(guided(2, logits, unconditional), {0, -2 * ln2, -4 * ln2, -4 * ln2}));
  EXPECT_TRUE(near(guided(1, logits, unconditional), {-ln2, -2 * ln2, -3 * ln2, -3 * ln2}));
  EXPECT_TRUE(near(guided(.5, logits, unconditional), {-1.5 * ln2, -2 * ln2, -2.5 * ln2, -2.5 * ln2}));
  EXPECT_TRUE(near(guided(0, logits, unconditional), {-2 * ln2, -2 * ln2, -2 * ln2, -2 * ln2}));
  EXPECT_TRUE(near(guided(-1, logits, unconditional), {-3 * ln2, -2 * ln2, -ln2, -ln2}));
}

TEST(GuidanceProcessor, TheSameTextTwiceGuidesNowhere) {
  const Floats logits = log_of({.5, .25, .25});
  EXPECT_TRUE(near(guided(7, logits, logits), {std::log(.5), std::log(.25), std::log(.25)}));
}

TEST(GuidanceProcessor, RemovedStaysRemovedAndCountsForNothing) {
  EXPECT_TRUE(near(guided(2, {0, -inf, 0, -inf}, {1, 1, 1, 1}), {0, -inf, 0, -inf}));
  EXPECT_TRUE(near(guided(.5, {3, -inf}, {0, 0}), {-.5 * std::log(2), -inf}));  // one survivor
}

TEST(GuidanceProcessor, WhatTheNegativePromptExcludesIsLeftAlone) {
  EXPECT_TRUE(near(guided(2, log_of({.5, .5}), {-inf, 3}), {std::log(.5), 2 * std::log(.5)}));
  EXPECT_TRUE(near(guided(2, log_of({.5, .5}), {-inf, -inf}), {std::log(.5), std::log(.5)}));
}

TEST(GuidanceProcessor, RejectsBrokenNumbers) {
  for (const double scale : {std::nan(""), double{inf}}) EXPECT_THROW(Guidance{scale}, Error) << scale;
  for (const float bad : {inf, std::nanf("")}) EXPECT_THROW(guided(2, {0, 0}, {0, bad}), Error) << bad;
}

RC_GTEST_PROP(GuidanceProcessor, EqualsTheReference, (unsigned seed)) {
  for (unsigned i = 0; i < 100; ++i) {
    RandomCase c(seed + i);
    const Floats unconditional = random_scores(seed + i + 1, {c.n_vocab, 3});
    const double scale = c.element({-1, 0, .5, 1, 1.5, 3, 10});
    const Doubles p = reference::softmax(c.logits), q = reference::softmax(unconditional);
    Doubles expected;
    for (std::size_t id = 0; id < p.size(); ++id) {
      const double own = std::log(p[id]), other = std::log(q[id]);
      expected.push_back(c.logits[id] > -inf ? scale * (own - other) + other : double{-inf});
    }
    RC_ASSERT(near(guided(scale, c.logits, unconditional), expected, 4e-6));
  }
}

}  // namespace
}  // namespace decant
