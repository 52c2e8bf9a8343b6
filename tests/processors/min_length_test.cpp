#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "processors/by_row.h"
#include "processors/random_case.h"

namespace decant {
namespace {

const Floats logits{4, 3, 3, 1};

TEST(MinLengthProcessor, ByHand) {
  const MinLength processor(3, {0, 2});
  EXPECT_EQ(after(processor, logits, {}), without(logits, {0, 2}));
  EXPECT_EQ(after(processor, logits, {1, 1}), without(logits, {0, 2}));
  EXPECT_EQ(after(processor, logits, {1, 1, 1}), logits);
  EXPECT_EQ(after(processor, logits, {1, 1, 1, 1}), logits);
  EXPECT_EQ(after(MinLength(0, {0}), logits, {}), logits);
}

TEST(MinLengthProcessor, CountsThePrompt) {
  const Tokens tokens{1, 1, 1};
  const Context context{.tokens = tokens, .n_prompt = 2};
  EXPECT_EQ(after_in(context, MinLength(3, {0}), logits), logits);
  EXPECT_EQ(after_in(context, MinLength(4, {0}), logits), without(logits, {0}));
}

TEST(MinLengthProcessor, EndsListedTwiceOrNotAtAll) {
  EXPECT_EQ(after(MinLength(3, {0, 0}), logits, {}), without(logits, {0}));
  EXPECT_EQ(after(MinLength(3, {}), logits, {}), logits);
}

TEST(MinLengthProcessor, MayLeaveNothing) { EXPECT_EQ(after(MinLength(3, {0}), {1, -inf}, {}), (Floats{-inf, -inf})); }

TEST(MinLengthProcessor, RejectsWhatTheVocabularyLacks) {
  Scores scores = scores_of(logits);
  for (const Token id : {4, -1}) EXPECT_THROW(MinLength(3, {id})(scores, {}), Error) << id;
  EXPECT_THROW(MinLength(-1, {}), Error);
}

RC_GTEST_PROP(MinLengthProcessor, EqualsTheReference, (unsigned seed)) {
  for (unsigned i = 0; i < 100; ++i) {
    RandomCase c(seed + i);
    const int n = std::max(0, c.length() + c.integer(-3, 3));
    const Tokens eos = c.ids(0, 4);
    const Floats expected = c.length() < n ? without(c.logits, eos) : c.logits;
    RC_ASSERT(after_in(c.context(), MinLength(n, eos), c.logits) == expected);
  }
}

}  // namespace
}  // namespace decant
