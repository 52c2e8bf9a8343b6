#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "options/usage_error.h"
#include "processors/by_row.h"
#include "processors/random_case.h"

namespace decant {
namespace {

const Floats logits{4, -inf, 3, 3};

Floats constrained(const Tokens& allowed) {
  return after(PrefixAllowedTokens([&](std::span<const Token>) { return allowed; }), logits);
}

TEST(PrefixAllowedTokensProcessor, ByHand) {
  EXPECT_EQ(constrained({2, 3}), (Floats{-inf, -inf, 3, 3}));
  EXPECT_EQ(constrained({0, 0}), (Floats{4, -inf, -inf, -inf}));
  EXPECT_EQ(constrained({3, 2, 1, 0}), logits);
}

TEST(PrefixAllowedTokensProcessor, MayLeaveNothing) {
  EXPECT_EQ(constrained({1}), Floats(4, -inf));
  EXPECT_EQ(constrained({}), Floats(4, -inf));
}

// 0 and 3 by turns, and after a 2 nothing but 2.
TEST(PrefixAllowedTokensProcessor, TheFunctionSeesTheWholeText) {
  const PrefixAllowedTokens processor([](std::span<const Token> tokens) -> Tokens {
    if (!tokens.empty() && tokens.back() == 2) return {2};
    return {tokens.size() % 2 == 0 ? 0 : 3};
  });
  EXPECT_EQ(after(processor, logits, {}), (Floats{4, -inf, -inf, -inf}));
  EXPECT_EQ(after(processor, logits, {0}), (Floats{-inf, -inf, -inf, 3}));
  EXPECT_EQ(after(processor, logits, {0, 2}), (Floats{-inf, -inf, 3, -inf}));
}

TEST(PrefixAllowedTokensProcessor, RejectsWhatTheVocabularyLacks) {
  EXPECT_EQ(usage_error([] { constrained({4}); }),
            "prefix_allowed_tokens_fn has the token id 4, but this vocabulary ends at 3");
  EXPECT_EQ(usage_error([] {
              constrained({2, -7});
            }),
            "prefix_allowed_tokens_fn has the token id -7, but this vocabulary ends at 3");
}

RC_GTEST_PROP(PrefixAllowedTokensProcessor, EqualsTheReference, (unsigned seed)) {
  for (unsigned i = 0; i < 100; ++i) {
    RandomCase c(seed + i);
    const Tokens allowed = c.ids(0, 12);
    Floats expected(c.logits.size(), -inf);
    for (const Token id : allowed) expected[id] = c.logits[id];
    const PrefixAllowedTokens processor([&](std::span<const Token> tokens) {
      RC_ASSERT(Tokens(tokens.begin(), tokens.end()) == c.tokens);
      return allowed;
    });
    RC_ASSERT(after_in(c.context(), processor, c.logits) == expected);
  }
}

}  // namespace
}  // namespace decant
