#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "processors/by_row.h"
#include "processors/random_case.h"

namespace decant {
namespace {

const Floats logits{4, 3, 3, 1};

Floats prolonged(int n, const Tokens& eos, const Tokens& tokens, int n_prompt) {
  return after_in(Context{.tokens = tokens, .n_prompt = n_prompt}, MinNewTokens(n, eos), logits);
}

TEST(MinNewTokensProcessor, ByHand) {
  EXPECT_EQ(prolonged(2, {0, 2}, {1, 1, 1}, 3), without(logits, {0, 2}));
  EXPECT_EQ(prolonged(2, {0, 2}, {1, 1, 1}, 2), without(logits, {0, 2}));
  EXPECT_EQ(prolonged(2, {0, 2}, {1, 1, 1}, 1), logits);
  EXPECT_EQ(prolonged(2, {0, 2}, {1, 1, 1}, 0), logits);
  EXPECT_EQ(prolonged(1, {0, 2}, {}, 0), without(logits, {0, 2}));
  EXPECT_EQ(prolonged(0, {0, 2}, {}, 0), logits);
}

TEST(MinNewTokensProcessor, EndsListedTwiceOrNotAtAll) {
  EXPECT_EQ(prolonged(1, {0, 0}, {}, 0), without(logits, {0}));
  EXPECT_EQ(prolonged(1, {}, {}, 0), logits);
}

TEST(MinNewTokensProcessor, RejectsWhatTheVocabularyLacks) {
  Scores scores = scores_of(logits);
  for (const Token id : {4, -1}) EXPECT_THROW(MinNewTokens(3, {id})(scores, {}), Error) << id;
  EXPECT_THROW(MinNewTokens(-1, {}), Error);
}

RC_GTEST_PROP(MinNewTokensProcessor, EqualsTheReference, (unsigned seed)) {
  for (unsigned i = 0; i < 100; ++i) {
    RandomCase c(seed + i);
    const int written = c.length() - c.n_prompt;
    const int n = std::max(0, written + c.integer(-3, 3));
    const Tokens eos = c.ids(0, 4);
    const Floats expected = written < n ? without(c.logits, eos) : c.logits;
    RC_ASSERT(after_in(c.context(), MinNewTokens(n, eos), c.logits) == expected);
  }
}

}  // namespace
}  // namespace decant
