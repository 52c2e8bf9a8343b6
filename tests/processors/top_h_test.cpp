#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "processors/by_row.h"
#include "processors/laws.h"

namespace decant {
namespace {

// The entropy terms of 1/2 1/4 1/8 1/8 are 1/2 1/2 3/8 3/8 bits, 7/4 together.
const Floats dyadic = log_of({.125, .5, .125, .25});

TEST(TopHProcessor, ByHand) {
  EXPECT_EQ(kept_by(TopH(.01), dyadic), (Tokens{1}));
  EXPECT_EQ(kept_by(TopH(.57), dyadic), (Tokens{1}));
  EXPECT_EQ(kept_by(TopH(.58), dyadic), (Tokens{1, 3}));
  EXPECT_EQ(kept_by(TopH(.78), dyadic), (Tokens{1, 3}));
  EXPECT_EQ(kept_by(TopH(.79), dyadic), (Tokens{0, 1, 3}));
  EXPECT_EQ(kept_by(TopH(.99), dyadic), (Tokens{0, 1, 3}));
}

TEST(TopHProcessor, EqualityKeeps) {
  EXPECT_EQ(kept_by(TopH(4 / 7.), dyadic), (Tokens{1, 3}));
  EXPECT_EQ(kept_by(TopH(5.5 / 7), dyadic), (Tokens{0, 1, 3}));
  EXPECT_EQ(kept_by(TopH(1), dyadic), (Tokens{0, 1, 2, 3}));
}

TEST(TopHProcessor, OfEqualTokensTheLowerIdsStay) {
  EXPECT_EQ(kept_by(TopH(.5), {1, 1, 1, 1}), (Tokens{0, 1}));
  EXPECT_EQ(kept_by(TopH(.74), {1, 1, 1, 1}), (Tokens{0, 1}));
  EXPECT_EQ(kept_by(TopH(.75), {1, 1, 1, 1}), (Tokens{0, 1, 2}));
}

TEST(TopHProcessor, OnlyAHundredAreConsidered) {
  for (const auto& [h, kept] : {std::pair{1., 100}, {.5, 50}, {.004, 1}}) {
    Scores scores = scores_of(Floats(200, -3));
    TopH{h}(scores, {});
    EXPECT_EQ(scores.kept(), kept);
    EXPECT_EQ(scores.score(kept - 1), -3);
  }
  Scores more = scores_of(Floats(200, -3));
  TopH(.5, 150)(more, {});
  EXPECT_EQ(more.kept(), 150);
}

TEST(TopHProcessor, MinTokensToKeep) {
  EXPECT_EQ(kept_by(TopH(.01, 2), dyadic), (Tokens{1, 3}));
  EXPECT_EQ(kept_by(TopH(.01, 3), dyadic), (Tokens{0, 1, 3}));
  EXPECT_EQ(kept_by(TopH(.58, 1), dyadic), (Tokens{1, 3}));
  EXPECT_EQ(kept_by(TopH(.01, 9), dyadic), (Tokens{0, 1, 2, 3}));
}

TEST(TopHProcessor, FewTokens) {
  EXPECT_EQ(kept_by(TopH(.5), {-42}), (Tokens{0}));
  EXPECT_EQ(kept_by(TopH(.5), {-inf, 0, -inf, 0}), (Tokens{1}));
  EXPECT_EQ(kept_by(TopH(1), {-inf, 0, -inf, 0}), (Tokens{1, 3}));
  EXPECT_EQ(kept_by(TopH(.5), {-inf, 3, -inf}), (Tokens{1}));
  EXPECT_EQ(kept_by(TopH(.5, 3), {-inf, 3, -inf}), (Tokens{1}));
  EXPECT_EQ(kept_by(TopH(.5), {-inf, -inf}), (Tokens{}));
  EXPECT_EQ(kept_by(TopH(1), {0, -2000}), (Tokens{0}));  // the second has no mass
}

TEST(TopHProcessor, RejectsWhatIsNoShare) {
  for (const double h : {0., -.1, 1.1, std::nan("")}) EXPECT_THROW(TopH{h}, Error) << h;
  EXPECT_THROW(TopH(.5, 0), Error);
}

RC_GTEST_PROP(TopHProcessor, EqualsTheReference, ()) {
  const double h = *rc::gen::inRange(0, 1000) / 1000. + .00037;
  const auto min_keep = *rc::gen::inRange(1, 4);
  const TopH top_h(h, min_keep);
  on_random_vectors([&](const Floats& logits) {
    equals_reference(top_h, {}, logits, [&](auto& reference) { reference.top_h(h, min_keep); });
  });
}

RC_GTEST_PROP(TopHProcessor, Laws, ()) {
  ignores_a_shift(TopH(.6), {});
  ignores_names(TopH(.6), {});
}

}  // namespace
}  // namespace decant
