#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "processors/by_row.h"
#include "processors/laws.h"

namespace decant {
namespace {

// Surprise 1 2 3 3 bits, entropy 7/4: the distances are 3/4 1/4 5/4 5/4, so 1/4 comes first, then 1/2.
const Floats dyadic = log_of({.5, .25, .125, .125});

TEST(TypicalPProcessor, ByHand) {
  EXPECT_EQ(kept_by(TypicalP(.1), dyadic), (Tokens{1}));
  EXPECT_EQ(kept_by(TypicalP(.26), dyadic), (Tokens{0, 1}));
  EXPECT_EQ(kept_by(TypicalP(.74), dyadic), (Tokens{0, 1}));
  EXPECT_EQ(kept_by(TypicalP(.5), log_of({.1, .9})), (Tokens{1}));
}

TEST(TypicalPProcessor, EqualityIsEnough) {
  EXPECT_EQ(kept_by(TypicalP(.25), dyadic), (Tokens{1}));
  EXPECT_EQ(kept_by(TypicalP(std::nextafter(.25, 1.)), dyadic), (Tokens{0, 1}));
  EXPECT_EQ(kept_by(TypicalP(.75), dyadic), (Tokens{0, 1}));
}

TEST(TypicalPProcessor, TiesWithTheLastOneStay) {
  EXPECT_EQ(kept_by(TypicalP(.76), dyadic), (Tokens{0, 1, 2, 3}));
  EXPECT_EQ(kept_by(TypicalP(.01), {1, 1, 1, 1}), (Tokens{0, 1, 2, 3}));
  EXPECT_EQ(kept_by(TypicalP(.61), log_of({.2, .6, .2})), (Tokens{0, 1, 2}));
}

TEST(TypicalPProcessor, MinTokensToKeep) {
  EXPECT_EQ(kept_by(TypicalP(.1, 2), dyadic), (Tokens{0, 1}));
  EXPECT_EQ(kept_by(TypicalP(.1, 3), dyadic), (Tokens{0, 1, 2}));  // no more than asked for, although 3 ties with 2
  EXPECT_EQ(kept_by(TypicalP(.74, 1), dyadic), (Tokens{0, 1}));
  EXPECT_EQ(kept_by(TypicalP(.1, 9), dyadic), (Tokens{0, 1, 2, 3}));
}

TEST(TypicalPProcessor, FewTokens) {
  EXPECT_EQ(kept_by(TypicalP(.5), {-42}), (Tokens{0}));
  EXPECT_EQ(kept_by(TypicalP(.5), {-inf, 3, -inf}), (Tokens{1}));
  EXPECT_EQ(kept_by(TypicalP(.5, 2), {-inf, 3, -inf}), (Tokens{1}));
  EXPECT_EQ(kept_by(TypicalP(.5), {-inf, 0, -inf, 0}), (Tokens{1, 3}));
  EXPECT_EQ(kept_by(TypicalP(.5), {-inf, -inf}), (Tokens{}));
  EXPECT_EQ(kept_by(TypicalP(.999), {0, -2000}), (Tokens{0}));
}

TEST(TypicalPProcessor, OneDoesNothing) {
  EXPECT_EQ(after(TypicalP(1), {0, -200, 1, -3e38f}), (Floats{0, -200, 1, -3e38f}));
}

// The stretch that stays ends far behind where the ranking began.
TEST(TypicalPProcessor, WideDistributions) {
  for (const int n : {65, 300, 3000, 20000}) {
    const Floats logits = random_scores(1, {n, 1});
    int compared = 0;
    for (int i = 1; i < 20; ++i) {
      const double mass = i / 20. + .0003;
      reference::Reference expected{logits};
      expected.typical_p(mass);
      if (!expected.clear) continue;
      ++compared;
      EXPECT_EQ(after(TypicalP(mass), logits), expected.scores) << n << ' ' << mass;
    }
    EXPECT_GT(compared, 8) << n;
  }
}

TEST(TypicalPProcessor, RejectsWhatIsNoMass) {
  for (const double mass : {0., -.1, 1.1, std::nan("")}) EXPECT_THROW(TypicalP{mass}, Error) << mass;
  EXPECT_THROW(TypicalP(.5, 0), Error);
}

RC_GTEST_PROP(TypicalPProcessor, EqualsTheReference, ()) {
  const double mass = *rc::gen::inRange(0, 1000) / 1000. + .00037;
  const auto min_keep = *rc::gen::inRange(1, 4);
  const TypicalP typical_p(mass, min_keep);
  on_random_vectors([&](const Floats& logits) {
    equals_reference(typical_p, {}, logits, [&](auto& reference) { reference.typical_p(mass, min_keep); });
  });
}

RC_GTEST_PROP(TypicalPProcessor, Laws, ()) {
  ignores_a_shift(TypicalP(.6), {});
  ignores_names(TypicalP(.6), {});
}

}  // namespace
}  // namespace decant
