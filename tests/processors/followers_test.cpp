#include "processors/followers.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "processors/random_case.h"

namespace decant {
namespace {

TEST(Followers, ByHand) {
  const Tokens text{1, 2, 3, 1, 2, 4, 2, 1, 2};
  EXPECT_EQ(followers(text, Tokens{1, 2}), (Tokens{3, 4}));  // and the last one has nothing behind it
  EXPECT_EQ(followers(text, Tokens{2}), (Tokens{3, 4, 1}));
  EXPECT_EQ(followers(text, Tokens{4}), (Tokens{2}));
  EXPECT_EQ(followers(text, Tokens{7}), (Tokens{}));
  EXPECT_EQ(followers(text, Tokens{}), text);
}

TEST(Followers, OverlappingOccurrences) { EXPECT_EQ(followers(Tokens{1, 1, 1, 2}, Tokens{1, 1}), (Tokens{1, 2})); }

TEST(Followers, NothingIsLongEnough) {
  EXPECT_EQ(followers(Tokens{}, Tokens{}), (Tokens{}));
  EXPECT_EQ(followers(Tokens{}, Tokens{1}), (Tokens{}));
  EXPECT_EQ(followers(Tokens{1}, Tokens{1, 1}), (Tokens{}));
  EXPECT_EQ(followers(Tokens{1, 1}, Tokens{1, 1}), (Tokens{}));
}

RC_GTEST_PROP(Followers, EqualsTheDefinition, (unsigned seed)) {
  RandomCase c(seed);
  const Tokens pattern(c.tokens.end() - c.integer(0, c.length()), c.tokens.end());
  Tokens expected;
  for (std::size_t at = 0; at + pattern.size() < c.tokens.size(); ++at) {
    bool same = true;
    for (std::size_t i = 0; i < pattern.size(); ++i) same = same && c.tokens[at + i] == pattern[i];
    if (same) expected.push_back(c.tokens[at + pattern.size()]);
  }
  RC_ASSERT(followers(c.tokens, pattern) == expected);
}

}  // namespace
}  // namespace decant
