#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "processors/by_row.h"
#include "processors/laws.h"

namespace decant {
namespace {

const Floats dyadic = log_of({.125, .5, .125, .25});

TEST(EpsilonCutoffProcessor, ByHand) {
  EXPECT_EQ(kept_by(EpsilonCutoff(.1), dyadic), (Tokens{0, 1, 2, 3}));
  EXPECT_EQ(kept_by(EpsilonCutoff(.13), dyadic), (Tokens{1, 3}));
  EXPECT_EQ(kept_by(EpsilonCutoff(.24), dyadic), (Tokens{1, 3}));
  EXPECT_EQ(kept_by(EpsilonCutoff(.26), dyadic), (Tokens{1}));
  EXPECT_EQ(kept_by(EpsilonCutoff(.6), dyadic), (Tokens{1}));
  EXPECT_EQ(kept_by(EpsilonCutoff(1), dyadic), (Tokens{1}));
}

TEST(EpsilonCutoffProcessor, EqualityKeeps) {
  EXPECT_EQ(kept_by(EpsilonCutoff(.125), dyadic), (Tokens{0, 1, 2, 3}));
  EXPECT_EQ(kept_by(EpsilonCutoff(.25), dyadic), (Tokens{1, 3}));
  EXPECT_EQ(kept_by(EpsilonCutoff(.5), dyadic), (Tokens{1}));
}

TEST(EpsilonCutoffProcessor, MinTokensToKeepAndItsTies) {
  EXPECT_EQ(kept_by(EpsilonCutoff(.9, 1), {1, 1, 1, 1}), (Tokens{0, 1, 2, 3}));
  EXPECT_EQ(kept_by(EpsilonCutoff(.9, 2), dyadic), (Tokens{1, 3}));
  EXPECT_EQ(kept_by(EpsilonCutoff(.9, 3), dyadic), (Tokens{0, 1, 2, 3}));
  EXPECT_EQ(kept_by(EpsilonCutoff(.9, 3), {1, 2, 3, 4}), (Tokens{1, 2, 3}));
  EXPECT_EQ(kept_by(EpsilonCutoff(.9, 9), {1, 2, 3, 4}), (Tokens{0, 1, 2, 3}));
}

TEST(EpsilonCutoffProcessor, FewTokens) {
  EXPECT_EQ(kept_by(EpsilonCutoff(.5), {-42}), (Tokens{0}));
  EXPECT_EQ(kept_by(EpsilonCutoff(.3), {-inf, 3, -inf}), (Tokens{1}));
  EXPECT_EQ(kept_by(EpsilonCutoff(.9, 3), {-inf, 3, -inf, 1}), (Tokens{1, 3}));
  EXPECT_EQ(kept_by(EpsilonCutoff(.5), {-inf, 0, -inf, 0}), (Tokens{1, 3}));
  EXPECT_EQ(kept_by(EpsilonCutoff(.5), {-inf, -inf}), (Tokens{}));
}

TEST(EpsilonCutoffProcessor, ZeroDoesNothing) {
  EXPECT_EQ(after(EpsilonCutoff(0), {0, -200, 1, -3e38f}), (Floats{0, -200, 1, -3e38f}));
}

TEST(EpsilonCutoffProcessor, RejectsWhatIsNoProbability) {
  for (const double epsilon : {-.1, 1.1, std::nan("")}) EXPECT_THROW(EpsilonCutoff{epsilon}, Error) << epsilon;
  EXPECT_THROW(EpsilonCutoff(.5, 0), Error);
}

RC_GTEST_PROP(EpsilonCutoffProcessor, EqualsTheReference, ()) {
  const double epsilon = *rc::gen::element(.00037, .0037, .037, .37, .937);
  const auto min_keep = *rc::gen::inRange(1, 4);
  const EpsilonCutoff cutoff(epsilon, min_keep);
  on_random_vectors([&](const Floats& logits) {
    equals_reference(cutoff, {}, logits, [&](auto& reference) { reference.epsilon_cutoff(epsilon, min_keep); });
  });
}

RC_GTEST_PROP(EpsilonCutoffProcessor, Laws, ()) {
  ignores_a_shift(EpsilonCutoff(.0037), {});
  ignores_names(EpsilonCutoff(.0037), {});
}

}  // namespace
}  // namespace decant
