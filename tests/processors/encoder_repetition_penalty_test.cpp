#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "processors/by_row.h"
#include "processors/random_case.h"

namespace decant {
namespace {

Floats encouraged(double penalty, const Floats& logits, const Tokens& tokens, int n_prompt) {
  return after_in(Context{.tokens = tokens, .n_prompt = n_prompt}, EncoderRepetitionPenalty(penalty), logits);
}

TEST(EncoderRepetitionPenaltyProcessor, ByHand) {
  const Floats logits{2, -2, 0, 6};
  EXPECT_EQ(encouraged(2, logits, {0, 1, 2}, 3), (Floats{4, -1, 0, 6}));
  EXPECT_EQ(encouraged(.5, logits, {0, 1}, 2), (Floats{1, -4, 0, 6}));
  EXPECT_EQ(encouraged(1, logits, {0, 1, 2, 3}, 4), logits);
}

TEST(EncoderRepetitionPenaltyProcessor, OnlyThePromptCounts) {
  EXPECT_EQ(encouraged(2, {1, 1, 1, 1}, {0, 1, 2}, 2), (Floats{2, 2, 1, 1}));
  EXPECT_EQ(encouraged(2, {1, 1, 1, 1}, {0, 1, 2}, 0), (Floats{1, 1, 1, 1}));
}

TEST(EncoderRepetitionPenaltyProcessor, CountsEveryTokenOnce) {
  EXPECT_EQ(encouraged(2, {8, -8, 1, 1}, {0, 1, 0, 0, 1}, 5), (Floats{16, -4, 1, 1}));
}

TEST(EncoderRepetitionPenaltyProcessor, RemovedStaysRemoved) {
  EXPECT_EQ(encouraged(2, {-inf, 1}, {0}, 1), (Floats{-inf, 1}));
  EXPECT_EQ(encouraged(.5, {-inf, 1}, {0}, 1), (Floats{-inf, 1}));
}

TEST(EncoderRepetitionPenaltyProcessor, NeverOverflows) {
  EXPECT_EQ(encouraged(1e30, {1e20f, 0}, {0}, 1), (Floats{std::numeric_limits<float>::max(), 0}));
}

TEST(EncoderRepetitionPenaltyProcessor, RejectsWhatIsNoPenalty) {
  for (const double penalty : {0., -1., 1e-50, 1e50, std::nan(""), double{inf}}) {
    EXPECT_THROW(EncoderRepetitionPenalty{penalty}, Error) << penalty;
  }
}

RC_GTEST_PROP(EncoderRepetitionPenaltyProcessor, EqualsTheReference, (unsigned seed)) {
  for (unsigned i = 0; i < 100; ++i) {
    RandomCase c(seed + i);
    const double penalty = c.element({.3, .9, 1, 1.1, 1.5, 10});
    Doubles expected(c.logits.begin(), c.logits.end());
    for (Token id = 0; id < c.n_vocab; ++id) {
      if (contains(c.prompt(), id)) expected[id] *= expected[id] < 0 ? 1 / penalty : penalty;
    }
    RC_ASSERT(near(after_in(c.context(), EncoderRepetitionPenalty(penalty), c.logits), expected));
  }
}

}  // namespace
}  // namespace decant
