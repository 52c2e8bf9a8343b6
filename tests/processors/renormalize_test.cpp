#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "processors/by_row.h"
#include "processors/random_case.h"

namespace decant {
namespace {

TEST(RenormalizeProcessor, ByHand) {
  Floats logits = log_of({.5, .25, .125, .125});
  for (float& score : logits) score += 11;
  const double ln2 = std::log(2);
  EXPECT_TRUE(near(after(Renormalize(), logits), {-ln2, -2 * ln2, -3 * ln2, -3 * ln2}));
}

TEST(RenormalizeProcessor, OnlyWhatIsLeftCounts) {
  EXPECT_TRUE(near(after(Renormalize(), {5, -inf, 5, -inf}), {std::log(.5), -inf, std::log(.5), -inf}));
  EXPECT_EQ(after(Renormalize(), {-inf, -3, -inf}), (Floats{-inf, 0, -inf}));
  EXPECT_EQ(after(Renormalize(), {-inf, -inf}), (Floats{-inf, -inf}));
}

TEST(RenormalizeProcessor, ComesAfterACut) {
  Scores scores = scores_of(log_of({.5, .25, .125, .125}));
  scores.keep_top(2);
  Renormalize()(scores, {});
  EXPECT_TRUE(near(values(scores, 4), {std::log(2 / 3.), std::log(1 / 3.), -inf, -inf}));
}

TEST(RenormalizeProcessor, FarFromZero) {
  EXPECT_TRUE(near(after(Renormalize(), {1e9f, 1e9f}), {-std::log(2), -std::log(2)}));
  EXPECT_TRUE(near(after(Renormalize(), {-1e9f, -1e9f}), {-std::log(2), -std::log(2)}));
}

RC_GTEST_PROP(RenormalizeProcessor, EqualsTheReference, (unsigned seed)) {
  for (unsigned i = 0; i < 100; ++i) {
    const RandomCase c(seed + i);
    Doubles expected;
    for (const double p : reference::softmax(c.logits)) expected.push_back(std::log(p));
    RC_ASSERT(near(after(Renormalize(), c.logits), expected));
  }
}

}  // namespace
}  // namespace decant
