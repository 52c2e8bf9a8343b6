#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "options/usage_error.h"
#include "processors/by_row.h"
#include "processors/random_case.h"

namespace decant {
namespace {

const Floats logits{4, 3, -inf, 3};

Floats begun(const Tokens& ids, const Tokens& tokens, int n_prompt, bool forced_bos) {
  return after_in(Context{.tokens = tokens, .n_prompt = n_prompt}, BeginSuppressTokens(ids, forced_bos), logits);
}

TEST(SuppressTokensProcessor, ByHand) {
  EXPECT_EQ(after(SuppressTokens({0, 3, 0}), logits), without(logits, {0, 3}));
  EXPECT_EQ(after(SuppressTokens({2}), logits), logits);
  EXPECT_EQ(after(SuppressTokens({}), logits), logits);
  EXPECT_EQ(after(SuppressTokens({0, 1, 2, 3}), logits), Floats(4, -inf));
}

TEST(SuppressTokensProcessor, AtEveryStep) {
  EXPECT_EQ(after(SuppressTokens({1}), logits, {}), without(logits, {1}));
  EXPECT_EQ(after(SuppressTokens({1}), logits, {1, 1, 1}), without(logits, {1}));
}

TEST(BeginSuppressTokensProcessor, OnlyTheFirstNewToken) {
  EXPECT_EQ(begun({0, 0}, {1, 1}, 2, false), without(logits, {0}));
  EXPECT_EQ(begun({0, 0}, {1, 1}, 1, false), logits);
  EXPECT_EQ(begun({0, 0}, {1, 1}, 0, false), logits);
  EXPECT_EQ(begun({0, 0}, {}, 0, false), without(logits, {0}));
}

TEST(BeginSuppressTokensProcessor, TheSecondBehindAForcedBos) {
  EXPECT_EQ(begun({0}, {1}, 1, true), logits);
  EXPECT_EQ(begun({0}, {1, 1}, 1, true), without(logits, {0}));
  EXPECT_EQ(begun({0}, {1, 1, 1}, 1, true), logits);
  EXPECT_EQ(begun({0}, {1, 1}, 2, true), without(logits, {0}));  // a longer prompt has no forced one behind it
}

TEST(SuppressTokensProcessors, RejectWhatTheVocabularyLacks) {
  Scores scores = scores_of(logits);
  EXPECT_EQ(usage_error([&] {
              SuppressTokens({1, 4})(scores, {});
            }),
            "suppress_tokens has the token id 4, but this vocabulary ends at 3");
  EXPECT_EQ(usage_error([&] { BeginSuppressTokens({-1})(scores, {}); }),
            "begin_suppress_tokens has the token id -1, but this vocabulary ends at 3");
}

RC_GTEST_PROP(SuppressTokensProcessors, EqualTheReference, (unsigned seed)) {
  for (unsigned i = 0; i < 100; ++i) {
    RandomCase c(seed + i);
    if (c.integer(0, 1) == 0) c.n_prompt = std::max(0, c.length() - c.integer(0, 2));
    const Tokens ids = c.ids(0, 6);
    RC_ASSERT(after_in(c.context(), SuppressTokens(ids), c.logits) == without(c.logits, ids));
    const bool forced = c.integer(0, 1) == 1;
    const int begin = c.n_prompt > 1 || !forced ? c.n_prompt : c.n_prompt + 1;
    const Floats expected = c.length() == begin ? without(c.logits, ids) : c.logits;
    RC_ASSERT(after_in(c.context(), BeginSuppressTokens(ids, forced), c.logits) == expected);
  }
}

}  // namespace
}  // namespace decant
