#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "options/usage_error.h"
#include "processors/by_row.h"
#include "processors/random_case.h"

namespace decant {
namespace {

const Floats logits{4, -inf, 3, 3};

TEST(AllowedTokensProcessor, ByHand) {
  EXPECT_EQ(after(AllowedTokens({2, 3}, 4), logits), (Floats{-inf, -inf, 3, 3}));
  EXPECT_EQ(after(AllowedTokens({0, 0}, 4), logits), (Floats{4, -inf, -inf, -inf}));
  EXPECT_EQ(after(AllowedTokens({3, 2, 1, 0}, 4), logits), logits);
}

TEST(AllowedTokensProcessor, MayLeaveNothing) {
  EXPECT_EQ(after(AllowedTokens({1}, 4), logits), Floats(4, -inf));
  EXPECT_EQ(after(AllowedTokens({}, 4), logits), Floats(4, -inf));
}

TEST(AllowedTokensProcessor, RejectsWhatTheVocabularyLacks) {
  EXPECT_EQ(usage_error([] {
              AllowedTokens({1, 4}, 4);
            }),
            "allowed_token_ids has the token id 4, but this vocabulary ends at 3");
  EXPECT_EQ(usage_error([] { AllowedTokens({-1}, 4); }),
            "allowed_token_ids has the token id -1, but this vocabulary ends at 3");
}

RC_GTEST_PROP(AllowedTokensProcessor, EqualsTheReference, (unsigned seed)) {
  for (unsigned i = 0; i < 100; ++i) {
    RandomCase c(seed + i);
    const Tokens allowed = c.ids(0, 12);
    Floats expected(c.logits.size(), -inf);
    for (const Token id : allowed) expected[id] = c.logits[id];
    RC_ASSERT(after_in(c.context(), AllowedTokens(allowed, c.n_vocab), c.logits) == expected);
  }
}

}  // namespace
}  // namespace decant
