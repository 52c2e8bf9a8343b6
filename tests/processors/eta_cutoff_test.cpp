#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "processors/by_row.h"
#include "processors/laws.h"

namespace decant {
namespace {

// The entropy is 7/4 bits, exp(-H) = 2^(-7/4) = 0.2973.
const Floats dyadic = log_of({.125, .5, .125, .25});

TEST(EtaCutoffProcessor, ByHand) {
  EXPECT_EQ(kept_by(EtaCutoff(.1), dyadic), (Tokens{0, 1, 2, 3}));  // eta .094
  EXPECT_EQ(kept_by(EtaCutoff(.25), dyadic), (Tokens{1, 3}));       // eta .149
  EXPECT_EQ(kept_by(EtaCutoff(.7), dyadic), (Tokens{1, 3}));        // eta .249
  EXPECT_EQ(kept_by(EtaCutoff(.72), dyadic), (Tokens{1}));          // eta .252
}

// exp(-H) is .846: the square root alone would give .080.
TEST(EtaCutoffProcessor, EpsilonIsTheUpperLimit) {
  const Floats sure = log_of({.97, .01, .01, .01});
  EXPECT_EQ(kept_by(EtaCutoff(.009), sure), (Tokens{0, 1, 2, 3}));
  EXPECT_EQ(kept_by(EtaCutoff(.011), sure), (Tokens{0}));
}

// 3/2 bits: sqrt(1/2) * 2^(-3/2) is 1/4.
TEST(EtaCutoffProcessor, EqualityKeeps) {
  EXPECT_EQ(kept_by(EtaCutoff(.5), log_of({.5, .25, .25})), (Tokens{0, 1, 2}));
  EXPECT_EQ(kept_by(EtaCutoff(.501), log_of({.5, .25, .25})), (Tokens{0}));
}

TEST(EtaCutoffProcessor, MinTokensToKeepAndItsTies) {
  EXPECT_EQ(kept_by(EtaCutoff(.9, 2), dyadic), (Tokens{1, 3}));
  EXPECT_EQ(kept_by(EtaCutoff(.9, 3), dyadic), (Tokens{0, 1, 2, 3}));
  EXPECT_EQ(kept_by(EtaCutoff(.9, 3), {1, 2, 3, 9}), (Tokens{1, 2, 3}));
  EXPECT_EQ(kept_by(EtaCutoff(.9, 9), {1, 2, 3, 9}), (Tokens{0, 1, 2, 3}));
}

TEST(EtaCutoffProcessor, FewTokens) {
  EXPECT_EQ(kept_by(EtaCutoff(1), {-42}), (Tokens{0}));
  EXPECT_EQ(kept_by(EtaCutoff(.3), {-inf, 3, -inf}), (Tokens{1}));
  EXPECT_EQ(kept_by(EtaCutoff(1), {-inf, 0, -inf, 0}), (Tokens{1, 3}));
  EXPECT_EQ(kept_by(EtaCutoff(.5), {-inf, -inf}), (Tokens{}));
}

TEST(EtaCutoffProcessor, ZeroDoesNothing) {
  EXPECT_EQ(after(EtaCutoff(0), {0, -200, 1, -3e38f}), (Floats{0, -200, 1, -3e38f}));
}

TEST(EtaCutoffProcessor, RejectsWhatIsNoProbability) {
  for (const double epsilon : {-.1, 1.1, std::nan("")}) EXPECT_THROW(EtaCutoff{epsilon}, Error) << epsilon;
  EXPECT_THROW(EtaCutoff(.5, 0), Error);
}

RC_GTEST_PROP(EtaCutoffProcessor, EqualsTheReference, ()) {
  const double epsilon = *rc::gen::element(.00037, .0037, .037, .37, .937);
  const auto min_keep = *rc::gen::inRange(1, 4);
  const EtaCutoff cutoff(epsilon, min_keep);
  on_random_vectors([&](const Floats& logits) {
    equals_reference(cutoff, {}, logits, [&](auto& reference) { reference.eta_cutoff(epsilon, min_keep); });
  });
}

RC_GTEST_PROP(EtaCutoffProcessor, Laws, ()) {
  ignores_a_shift(EtaCutoff(.037), {});
  ignores_names(EtaCutoff(.037), {});
}

}  // namespace
}  // namespace decant
