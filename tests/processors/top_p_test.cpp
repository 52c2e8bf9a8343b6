#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "processors/by_row.h"
#include "processors/support.h"

namespace decant {
namespace {

TEST(TopPProcessor, ByHand) {
  const Floats logits = log_of({.1, .5, .1, .3});
  EXPECT_EQ(kept_by(TopP(.4), logits), (Tokens{1}));
  EXPECT_EQ(kept_by(TopP(.79), logits), (Tokens{1, 3}));
  EXPECT_EQ(kept_by(TopP(.81), logits), (Tokens{0, 1, 3}));
  EXPECT_EQ(kept_by(TopP(.91), logits), (Tokens{0, 1, 2, 3}));
}

// A token goes when the mass before it is p exactly.
TEST(TopPProcessor, EqualityRemoves) {
  const Floats dyadic = log_of({.5, .25, .125, .125});
  EXPECT_EQ(kept_by(TopP(.5), dyadic), (Tokens{0}));
  EXPECT_EQ(kept_by(TopP(std::nextafter(.5, 1.)), dyadic), (Tokens{0, 1}));
  EXPECT_EQ(kept_by(TopP(.75), dyadic), (Tokens{0, 1}));
  EXPECT_EQ(kept_by(TopP(std::nextafter(.75, 1.)), dyadic), (Tokens{0, 1, 2}));
  EXPECT_EQ(kept_by(TopP(.875), dyadic), (Tokens{0, 1, 2}));
  EXPECT_EQ(kept_by(TopP(.8), log_of({.5, .3, .1, .1})), (Tokens{0, 1}));
}

TEST(TopPProcessor, OfEqualTokensTheLowerIdsStay) {
  EXPECT_EQ(kept_by(TopP(.5), {1, 1, 1, 1}), (Tokens{0, 1}));
  EXPECT_EQ(kept_by(TopP(.51), {1, 1, 1, 1}), (Tokens{0, 1, 2}));
}

TEST(TopPProcessor, TheBestStaysAndMinTokensToKeep) {
  EXPECT_EQ(kept_by(TopP(0), {1, 2, 3, 4}), (Tokens{3}));
  EXPECT_EQ(kept_by(TopP(0, 2), {1, 2, 3, 4}), (Tokens{2, 3}));
  EXPECT_EQ(kept_by(TopP(0, 3), {1, 2, 3, 4}), (Tokens{1, 2, 3}));
  EXPECT_EQ(kept_by(TopP(0, 9), {1, 2, 3, 4}), (Tokens{0, 1, 2, 3}));
  EXPECT_EQ(kept_by(TopP(.9), {5}), (Tokens{0}));
}

TEST(TopPProcessor, RemovedStaysRemoved) {
  EXPECT_EQ(kept_by(TopP(.9), {-inf, 1, -inf, 1}), (Tokens{1, 3}));
  EXPECT_EQ(kept_by(TopP(.9, 3), {-inf, 1, -inf, -inf}), (Tokens{1}));
  EXPECT_EQ(kept_by(TopP(.9), {-inf, -inf}), (Tokens{}));
}

TEST(TopPProcessor, OneDoesNothing) { EXPECT_EQ(after(TopP(1), {0, -200, 1, -3e38f}), (Floats{0, -200, 1, -3e38f})); }

// The nucleus outgrows each of the steps in which a dense distribution is ranked.
TEST(TopPProcessor, LargeNuclei) {
  const Floats level(2000, -3);
  for (const int wanted : {1, 64, 65, 511, 512, 513, 1999, 2000}) {
    const double p = (wanted - .5) / 2000;
    Scores scores = scores_of(level);
    TopP{p}(scores, {});
    EXPECT_EQ(scores.kept(), wanted);
    EXPECT_NEAR(scores.probability(0), 1. / wanted, 1e-12);
  }
}

TEST(TopPProcessor, RejectsWhatIsNoProbability) {
  for (const double p : {-.1, 1.1, std::nan("")}) EXPECT_THROW(TopP{p}, Error) << p;
  EXPECT_THROW(TopP(.5, 0), Error);
}

RC_GTEST_PROP(TopPProcessor, EqualsTheReference, (unsigned seed, bool coarse)) {
  const auto spread = *rc::gen::element(.1f, 1.f, 3.f, 10.f);
  const ScoreShape shape{*rc::gen::inRange(1, 2000), spread, coarse, *rc::gen::element(0., .5)};
  const double p = *rc::gen::inRange(0, 1000) / 1000. + .00037;
  const auto min_keep = *rc::gen::inRange(1, 4);
  for (unsigned i = 0; i < 30; ++i) {
    const Floats logits = random_scores(seed + i, shape);
    if (*std::max_element(logits.begin(), logits.end()) == -inf) continue;
    reference::Reference expected{logits};
    expected.top_p(p, min_keep);
    if (expected.clear) RC_ASSERT(after(TopP(p, min_keep), logits) == expected.scores);
  }
}

}  // namespace
}  // namespace decant
