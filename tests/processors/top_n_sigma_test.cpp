#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "processors/by_row.h"
#include "processors/laws.h"

namespace decant {
namespace {

// Mean 1, deviation sqrt(3).
const Floats spike{0, 0, 0, 4};

TEST(TopNSigmaProcessor, ByHand) {
  EXPECT_EQ(kept_by(TopNSigma(1), spike), (Tokens{3}));
  EXPECT_EQ(kept_by(TopNSigma(2.3), spike), (Tokens{3}));
  EXPECT_EQ(kept_by(TopNSigma(2.31), spike), (Tokens{0, 1, 2, 3}));
}

// Mean 1, deviation 1.
TEST(TopNSigmaProcessor, EqualityKeeps) {
  EXPECT_EQ(kept_by(TopNSigma(2), {0, 2, 0, 2}), (Tokens{0, 1, 2, 3}));
  EXPECT_EQ(kept_by(TopNSigma(1.99), {0, 2, 0, 2}), (Tokens{1, 3}));
}

TEST(TopNSigmaProcessor, WhatIsRemovedDoesNotCount) {
  EXPECT_EQ(kept_by(TopNSigma(2), {0, 2, 0, -inf, 2, -inf}), (Tokens{0, 1, 2, 4}));
  EXPECT_EQ(kept_by(TopNSigma(1.99), {0, 2, 0, -inf, 2, -inf}), (Tokens{1, 4}));
}

TEST(TopNSigmaProcessor, FewTokens) {
  EXPECT_EQ(kept_by(TopNSigma(1), {-42}), (Tokens{0}));
  EXPECT_EQ(kept_by(TopNSigma(1), {-inf, 3, -inf}), (Tokens{1}));
  EXPECT_EQ(kept_by(TopNSigma(1), {7, 7, 7, 7}), (Tokens{0, 1, 2, 3}));
  EXPECT_EQ(kept_by(TopNSigma(1), {-inf, -inf}), (Tokens{}));
}

TEST(TopNSigmaProcessor, ZeroDoesNothing) {
  EXPECT_EQ(after(TopNSigma(0), {0, -200, 1, -3e38f}), (Floats{0, -200, 1, -3e38f}));
}

TEST(TopNSigmaProcessor, RejectsWhatIsNoDistance) {
  for (const double n : {-1., double{inf}, std::nan("")}) EXPECT_THROW(TopNSigma{n}, Error) << n;
}

RC_GTEST_PROP(TopNSigmaProcessor, EqualsTheReference, ()) {
  const double n = *rc::gen::inRange(1, 400) / 100. + .00037;
  const TopNSigma top_n_sigma(n);
  on_random_vectors([&](const Floats& logits) {
    equals_reference(top_n_sigma, {}, logits, [&](auto& reference) { reference.top_n_sigma(n); });
  });
}

RC_GTEST_PROP(TopNSigmaProcessor, Laws, ()) {
  ignores_a_shift(TopNSigma(1.37), {});
  ignores_names(TopNSigma(1.37), {});
}

RC_GTEST_PROP(TopNSigmaProcessor, IgnoresTheTemperature, (unsigned seed)) {
  const Floats own = random_scores(seed, {*rc::gen::inRange(1, 700), 3});
  Scores before = scores_of(own), behind = scores_of(own);
  behind.divide(2);
  TopNSigma{1.37}(before, {});
  TopNSigma{1.37}(behind, {});
  before.divide(2);
  RC_ASSERT(values(before, own.size()) == values(behind, own.size()));
}

}  // namespace
}  // namespace decant
