#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "processors/by_row.h"
#include "processors/support.h"

namespace decant {
namespace {

TEST(MinPProcessor, ByHand) {
  const Floats logits = log_of({.1, .5, .15, .25});
  EXPECT_EQ(kept_by(MinP(.9), logits), (Tokens{1}));
  EXPECT_EQ(kept_by(MinP(.4), logits), (Tokens{1, 3}));
  EXPECT_EQ(kept_by(MinP(.25), logits), (Tokens{1, 2, 3}));
  EXPECT_EQ(kept_by(MinP(.1), logits), (Tokens{0, 1, 2, 3}));
}

TEST(MinPProcessor, EqualityKeeps) {
  const Floats dyadic = log_of({.5, .25, .125, .125});
  EXPECT_EQ(kept_by(MinP(.5), dyadic), (Tokens{0, 1}));
  EXPECT_EQ(kept_by(MinP(.51), dyadic), (Tokens{0}));
  EXPECT_EQ(kept_by(MinP(.25), dyadic), (Tokens{0, 1, 2, 3}));
  EXPECT_EQ(kept_by(MinP(1), {3, 2, 3, 1}), (Tokens{0, 2}));
}

TEST(MinPProcessor, MinTokensToKeep) {
  for (const int min_keep : {1, 2, 3}) {
    EXPECT_EQ(kept_by(MinP(1, min_keep), {9, 5, 1, 3}).size(), static_cast<std::size_t>(min_keep));
  }
  EXPECT_EQ(kept_by(MinP(1, 2), {9, 5, 1, 3}), (Tokens{0, 1}));
  EXPECT_EQ(kept_by(MinP(1, 9), {9, 5, 1, 3}), (Tokens{0, 1, 2, 3}));
}

TEST(MinPProcessor, RemovedStaysRemoved) {
  EXPECT_EQ(kept_by(MinP(.1, 3), {-inf, 1, -inf, 1}), (Tokens{1, 3}));
  EXPECT_EQ(kept_by(MinP(.1), {-inf, -inf}), (Tokens{}));
  EXPECT_EQ(kept_by(MinP(.1), {-4}), (Tokens{0}));
}

TEST(MinPProcessor, ZeroDoesNothing) { EXPECT_EQ(after(MinP(0), {0, -3e38f, -inf, 1}), (Floats{0, -3e38f, -inf, 1})); }

TEST(MinPProcessor, RejectsWhatIsNoProbability) {
  for (const double p : {-.1, 1.1, std::nan("")}) EXPECT_THROW(MinP{p}, Error) << p;
  EXPECT_THROW(MinP(.5, 0), Error);
}

RC_GTEST_PROP(MinPProcessor, EqualsTheReference, (unsigned seed, bool coarse)) {
  const ScoreShape shape{*rc::gen::inRange(1, 2000), 3, coarse, *rc::gen::element(0., .5)};
  const double p = *rc::gen::inRange(0, 1000) / 1000.;
  const auto min_keep = *rc::gen::inRange(1, 4);
  for (unsigned i = 0; i < 30; ++i) {
    const Floats logits = random_scores(seed + i, shape);
    if (*std::max_element(logits.begin(), logits.end()) == -inf) continue;
    reference::Reference expected{logits};
    expected.min_p(p, min_keep);
    if (expected.clear) RC_ASSERT(after(MinP(p, min_keep), logits) == expected.scores);
  }
}

}  // namespace
}  // namespace decant
