#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "processors/by_row.h"
#include "processors/laws.h"

namespace decant {
namespace {

const Floats dyadic = log_of({.125, .5, .125, .25});
const Context heads{.u = 0};

Tokens kept(const Xtc& xtc, const Floats& logits, double u = 0) {
  const Floats scores = after_in(Context{.u = u}, xtc, logits);
  Tokens ids;
  for (std::size_t id = 0; id < scores.size(); ++id) {
    if (scores[id] > -inf) ids.push_back(static_cast<Token>(id));
  }
  return ids;
}

TEST(XtcProcessor, ByHand) {
  EXPECT_EQ(kept(Xtc(1, .3), dyadic), (Tokens{0, 1, 2, 3}));  // one good token: nothing to choose from
  EXPECT_EQ(kept(Xtc(1, .2), dyadic), (Tokens{0, 2, 3}));
  EXPECT_EQ(kept(Xtc(1, .1), dyadic), (Tokens{2}));
  EXPECT_EQ(kept(Xtc(1, 0), dyadic), (Tokens{2}));
}

TEST(XtcProcessor, EqualityIsGoodEnough) {
  EXPECT_EQ(kept(Xtc(1, .25), dyadic), (Tokens{0, 2, 3}));
  EXPECT_EQ(kept(Xtc(1, .26), dyadic), (Tokens{0, 1, 2, 3}));
  EXPECT_EQ(kept(Xtc(1, .125), dyadic), (Tokens{2}));
}

TEST(XtcProcessor, OfEqualTokensTheLowerIdsGo) {
  EXPECT_EQ(kept(Xtc(1, .2), {1, 1, 1, 1}), (Tokens{3}));
  EXPECT_EQ(kept(Xtc(1, .5), {1, 1}), (Tokens{1}));
}

TEST(XtcProcessor, Coin) {
  EXPECT_EQ(kept(Xtc(.5, .2), dyadic, 0), (Tokens{0, 2, 3}));
  EXPECT_EQ(kept(Xtc(.5, .2), dyadic, .5), (Tokens{0, 2, 3}));
  EXPECT_EQ(kept(Xtc(.5, .2), dyadic, std::nextafter(.5, 1)), (Tokens{0, 1, 2, 3}));
  EXPECT_EQ(kept(Xtc(1, .2), dyadic, std::nextafter(1, 0)), (Tokens{0, 2, 3}));
}

TEST(XtcProcessor, MinTokensToKeep) {
  EXPECT_EQ(kept(Xtc(1, .2, 3), dyadic), (Tokens{0, 2, 3}));
  EXPECT_EQ(kept(Xtc(1, .2, 4), dyadic), (Tokens{0, 1, 2, 3}));
  EXPECT_EQ(kept(Xtc(1, .1, 2), dyadic), (Tokens{0, 1, 2, 3}));
}

TEST(XtcProcessor, DoesNothing) {
  const Floats logits{0, 0, 1, -3e38f};
  EXPECT_EQ(after_in(heads, Xtc(0, .1), logits), logits);
  EXPECT_EQ(after_in(heads, Xtc(1, .51), {0, 0}), (Floats{0, 0}));
  EXPECT_EQ(after_in(heads, Xtc(1, 1), logits), logits);
}

TEST(XtcProcessor, FewTokens) {
  EXPECT_EQ(kept(Xtc(1, .1), {-42}), (Tokens{0}));
  EXPECT_EQ(kept(Xtc(1, .1), {-inf, 3, -inf}), (Tokens{1}));
  EXPECT_EQ(kept(Xtc(1, .1), {-inf, 0, -inf, 0}), (Tokens{3}));
  EXPECT_EQ(kept(Xtc(1, .1, 2), {-inf, 0, -inf, 0}), (Tokens{1, 3}));
  EXPECT_EQ(kept(Xtc(1, .1), {-inf, -inf}), (Tokens{}));
}

TEST(XtcProcessor, RejectsWhatIsNoProbability) {
  for (const double bad : {-.1, 1.1, std::nan("")}) {
    EXPECT_THROW(Xtc(bad, .1), Error) << bad;
    EXPECT_THROW(Xtc(.5, bad), Error) << bad;
  }
  EXPECT_THROW(Xtc(.5, .1, 0), Error);
}

RC_GTEST_PROP(XtcProcessor, EqualsTheReference, ()) {
  const double threshold = *rc::gen::element(.00037, .0037, .037, .1037, .3037, .5037);
  const auto min_keep = *rc::gen::inRange(1, 4);
  const Xtc xtc(1, threshold, min_keep);
  on_random_vectors([&](const Floats& logits) {
    equals_reference(xtc, heads, logits, [&](auto& reference) { reference.xtc(threshold, min_keep); });
  });
}

RC_GTEST_PROP(XtcProcessor, Laws, ()) {
  ignores_a_shift(Xtc(1, .0137), heads);
  ignores_names(Xtc(1, .0137), heads);
}

}  // namespace
}  // namespace decant
