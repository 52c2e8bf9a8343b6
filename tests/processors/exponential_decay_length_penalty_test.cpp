#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "processors/by_row.h"
#include "processors/random_case.h"

namespace decant {
namespace {

Floats drawn_to_an_end(int start, double factor, const Tokens& eos, const Floats& logits, int n_new) {
  const Tokens tokens(static_cast<std::size_t>(2 + n_new), 0);
  return after_in(Context{.tokens = tokens, .n_prompt = 2}, ExponentialDecayLengthPenalty(start, factor, eos), logits);
}

// Factor 2: + |score| * (2 - 1), (4 - 1), (8 - 1).
TEST(ExponentialDecayLengthPenaltyProcessor, ByHand) {
  const Floats logits{4, -2, 0, 1};
  EXPECT_EQ(drawn_to_an_end(1, 2, {1, 3}, logits, 0), logits);
  EXPECT_EQ(drawn_to_an_end(1, 2, {1, 3}, logits, 1), logits);
  EXPECT_EQ(drawn_to_an_end(1, 2, {1, 3}, logits, 2), (Floats{4, 0, 0, 2}));
  EXPECT_EQ(drawn_to_an_end(1, 2, {1, 3}, logits, 3), (Floats{4, 4, 0, 4}));
  EXPECT_EQ(drawn_to_an_end(1, 2, {1, 3}, logits, 4), (Floats{4, 12, 0, 8}));
  EXPECT_EQ(drawn_to_an_end(0, 2, {1, 3}, logits, 1), (Floats{4, 0, 0, 2}));
  EXPECT_EQ(drawn_to_an_end(0, .5, {1, 3}, logits, 2), (Floats{4, -3.5, 0, .25}));
  EXPECT_EQ(drawn_to_an_end(0, 1, {1, 3}, logits, 9), logits);
}

TEST(ExponentialDecayLengthPenaltyProcessor, EndsListedTwiceOrNotAtAll) {
  EXPECT_EQ(drawn_to_an_end(0, 2, {0, 0}, {1, 1}, 1), (Floats{2, 1}));
  EXPECT_EQ(drawn_to_an_end(0, 2, {}, {1, 1}, 1), (Floats{1, 1}));
}

TEST(ExponentialDecayLengthPenaltyProcessor, RemovedStaysRemoved) {
  EXPECT_EQ(drawn_to_an_end(0, 2, {0}, {-inf, 1}, 3), (Floats{-inf, 1}));
}

TEST(ExponentialDecayLengthPenaltyProcessor, NeverOverflows) {
  constexpr float largest = std::numeric_limits<float>::max();
  EXPECT_EQ(drawn_to_an_end(0, 10, {0, 1, 2}, {1, 0, -1, 1}, 5000), (Floats{largest, 0, largest, 1}));
  EXPECT_EQ(drawn_to_an_end(0, 1e300, {0, 1, 2}, {1, 0, -1, 1}, 1), (Floats{largest, 0, largest, 1}));
}

TEST(ExponentialDecayLengthPenaltyProcessor, RejectsWhatCannotBe) {
  for (const double factor : {0., -1., std::nan(""), double{inf}}) {
    EXPECT_THROW(ExponentialDecayLengthPenalty(0, factor, {0}), Error) << factor;
  }
  EXPECT_THROW(ExponentialDecayLengthPenalty(-1, 2, {0}), Error);
  Scores scores = scores_of({0, 0});
  for (const Token id : {2, -1}) EXPECT_THROW(ExponentialDecayLengthPenalty(0, 2, {id})(scores, {}), Error) << id;
}

RC_GTEST_PROP(ExponentialDecayLengthPenaltyProcessor, EqualsTheReference, (unsigned seed)) {
  for (unsigned i = 0; i < 100; ++i) {
    RandomCase c(seed + i);
    const int start = c.integer(0, 20);
    const double factor = c.element({.3, .97, 1, 1.01, 1.7});
    const Tokens eos = c.ids(0, 4);
    const int past = c.length() - c.n_prompt - start;
    Doubles expected(c.logits.begin(), c.logits.end());
    for (Token id = 0; id < c.n_vocab; ++id) {
      if (past <= 0 || !contains(eos, id) || c.logits[id] == -inf) continue;
      double growth = 1;
      for (int k = 0; k < past; ++k) growth *= factor;
      expected[id] += std::abs(expected[id]) * (growth - 1);
    }
    RC_ASSERT(near(after_in(c.context(), ExponentialDecayLengthPenalty(start, factor, eos), c.logits), expected));
  }
}

}  // namespace
}  // namespace decant
