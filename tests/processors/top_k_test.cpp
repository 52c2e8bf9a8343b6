#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "processors/by_row.h"
#include "processors/support.h"

namespace decant {
namespace {

TEST(TopKProcessor, ByHand) {
  EXPECT_EQ(after(TopK(1), {1, 4, 3, 2}), (Floats{-inf, 4, -inf, -inf}));
  EXPECT_EQ(after(TopK(2), {1, 4, 3, 2}), (Floats{-inf, 4, 3, -inf}));
  EXPECT_EQ(after(TopK(4), {1, 4, 3, 2}), (Floats{1, 4, 3, 2}));
  EXPECT_EQ(after(TopK(99), {1, 4, 3, 2}), (Floats{1, 4, 3, 2}));
}

TEST(TopKProcessor, TiesWithTheKthStay) {
  EXPECT_EQ(kept_by(TopK(1), {2, 3, 3, 3}), (Tokens{1, 2, 3}));
  EXPECT_EQ(kept_by(TopK(2), {3, 1, 1, 1}), (Tokens{0, 1, 2, 3}));
  EXPECT_EQ(kept_by(TopK(2), {1, 1, 1, 1}), (Tokens{0, 1, 2, 3}));
  EXPECT_EQ(kept_by(TopK(3), {3, 1, 2, 2}), (Tokens{0, 2, 3}));
}

// Different logits whose quotients by the temperature are equal: there, too, the tie counts after the division.
TEST(TopKProcessor, TiesMadeByTheTemperatureStay) {
  Floats logits{-1, 0, 0, -1};
  do {
    logits[1] = std::max(1.75f, logits[2]);
    logits[2] = std::nextafter(logits[1], 2.f);
  } while (logits[1] / 1.5f != logits[2] / 1.5f);
  Scores scores = scores_of(logits);
  Temperature(1.5)(scores, {});
  TopK(1)(scores, {});
  EXPECT_EQ(scores.kept(), 2);
  EXPECT_EQ(scores.argmax(), 1);  // the first of equals, although its logit is the smaller
}

TEST(TopKProcessor, MinTokensToKeep) {
  for (const int min_keep : {1, 2, 3}) {
    EXPECT_EQ(kept_by(TopK(1, min_keep), {4, 3, 2, 1}).size(), static_cast<std::size_t>(min_keep));
  }
  EXPECT_EQ(kept_by(TopK(3, 2), {4, 3, 2, 1}).size(), 3u);
}

TEST(TopKProcessor, RemovedStaysRemoved) {
  EXPECT_EQ(kept_by(TopK(3), {-inf, 1, -inf, 0}), (Tokens{1, 3}));
  EXPECT_EQ(kept_by(TopK(3), {-inf, 1, -inf, -inf}), (Tokens{1}));
  EXPECT_EQ(kept_by(TopK(3), {-inf, -inf, -inf, -inf}), (Tokens{}));
  EXPECT_EQ(kept_by(TopK(1), {-7}), (Tokens{0}));
}

TEST(TopKProcessor, RejectsWhatKeepsNothing) {
  EXPECT_THROW(TopK(0), Error);
  EXPECT_THROW(TopK(-1), Error);
  EXPECT_THROW(TopK(5, 0), Error);
}

RC_GTEST_PROP(TopKProcessor, EqualsTheReference, (unsigned seed, bool coarse)) {
  const ScoreShape shape{*rc::gen::inRange(1, 2000), 3, coarse, *rc::gen::element(0., .5)};
  const auto k = *rc::gen::inRange(1, 300);
  const auto min_keep = *rc::gen::inRange(1, 4);
  for (unsigned i = 0; i < 30; ++i) {
    const Floats logits = random_scores(seed + i, shape);
    reference::Reference expected{logits};
    expected.top_k(k, min_keep);
    RC_ASSERT(after(TopK(k, min_keep), logits) == expected.scores);
  }
}

}  // namespace
}  // namespace decant
