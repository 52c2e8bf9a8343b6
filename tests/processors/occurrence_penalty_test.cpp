#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "processors/by_row.h"
#include "processors/random_case.h"

namespace decant {
namespace {

TEST(OccurrencePenaltyProcessor, ByHand) {
  const Floats logits{2, -2, 0, 6};
  const Tokens tokens{0, 1, 0, 0, 3, 1};  // three times 0, twice 1, once 3
  EXPECT_EQ(after(OccurrencePenalty(.5, 0), logits, tokens), (Floats{.5, -3, 0, 5.5}));
  EXPECT_EQ(after(OccurrencePenalty(0, .25), logits, tokens), (Floats{1.75, -2.25, 0, 5.75}));
  EXPECT_EQ(after(OccurrencePenalty(.5, .25), logits, tokens), (Floats{.25, -3.25, 0, 5.25}));
  EXPECT_EQ(after(OccurrencePenalty(-1, 0), logits, tokens), (Floats{5, 0, 0, 7}));
  EXPECT_EQ(after(OccurrencePenalty(0, 0), logits, tokens), logits);
  EXPECT_EQ(after(OccurrencePenalty(1, 1), logits, {}), logits);
}

TEST(OccurrencePenaltyProcessor, LooksAtTheLastTokensOnly) {
  const Floats logits(4, 0);
  const Tokens tokens{0, 1, 2, 1};
  EXPECT_EQ(after(OccurrencePenalty(1, 0, 0), logits, tokens), logits);
  EXPECT_EQ(after(OccurrencePenalty(1, 0, 1), logits, tokens), (Floats{0, -1, 0, 0}));
  EXPECT_EQ(after(OccurrencePenalty(1, 0, 3), logits, tokens), (Floats{0, -2, -1, 0}));
  EXPECT_EQ(after(OccurrencePenalty(1, 0, 4), logits, tokens), (Floats{-1, -2, -1, 0}));
  EXPECT_EQ(after(OccurrencePenalty(1, 0, 99), logits, tokens), (Floats{-1, -2, -1, 0}));
  EXPECT_EQ(after(OccurrencePenalty(1, 0, -1), logits, tokens), (Floats{-1, -2, -1, 0}));
}

TEST(OccurrencePenaltyProcessor, ChangesTheOrder) {
  Scores scores = scores_of({4, 3, 1});
  OccurrencePenalty(1, 1)(scores, Context{.tokens = Tokens{0}});
  EXPECT_EQ(scores.argmax(), 1);
  OccurrencePenalty(-5, 0)(scores, Context{.tokens = Tokens{2}});
  EXPECT_EQ(scores.argmax(), 2);
}

TEST(OccurrencePenaltyProcessor, RemovedStaysRemoved) {
  EXPECT_EQ(after(OccurrencePenalty(-1, -1), {-inf, 1}, {0}), (Floats{-inf, 1}));
  EXPECT_EQ(after(OccurrencePenalty(-3e38, -3e38), {1e38f, 1}, {0, 0}), (Floats{std::numeric_limits<float>::max(), 1}));
}

TEST(OccurrencePenaltyProcessor, BearsTheNameOfWhatIsSet) {
  EXPECT_EQ(OccurrencePenalty(1, 0).name(), "frequency_penalty");
  EXPECT_EQ(OccurrencePenalty(1, 1).name(), "frequency_penalty");
  EXPECT_EQ(OccurrencePenalty(0, 1).name(), "presence_penalty");
}

TEST(OccurrencePenaltyProcessor, RejectsWhatIsNoPenalty) {
  for (const double penalty : {1e50, -1e50, std::nan(""), double{inf}}) {
    EXPECT_THROW(OccurrencePenalty(penalty, 0), Error) << penalty;
    EXPECT_THROW(OccurrencePenalty(0, penalty), Error) << penalty;
  }
  EXPECT_THROW(OccurrencePenalty(1, 0, -2), Error);
}

RC_GTEST_PROP(OccurrencePenaltyProcessor, EqualsTheReference, (unsigned seed)) {
  for (unsigned i = 0; i < 100; ++i) {
    RandomCase c(seed + i);
    const double frequency = c.element({-.7, 0, .1, 1.3}), presence = c.element({-.3, 0, .4, 2});
    const int last_n = c.integer(-1, 12);
    Doubles expected(c.logits.begin(), c.logits.end());
    for (Token id = 0; id < c.n_vocab; ++id) {
      int count = 0;
      for (int at = 0; at < c.length(); ++at) {
        if (last_n < 0 || c.length() - at <= last_n) count += c.tokens[at] == id;
      }
      if (count > 0) expected[id] -= count * frequency + presence;
    }
    RC_ASSERT(near(after_in(c.context(), OccurrencePenalty(frequency, presence, last_n), c.logits), expected));
  }
}

}  // namespace
}  // namespace decant
