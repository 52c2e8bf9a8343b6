#include "drafters/ngram_lookup.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "support/golden_files.h"

namespace decant {
namespace {

using Tokens = std::vector<Token>;

Tokens copied(NgramLookup& lookup, std::span<const Token> text) {
  const NgramLookup::Copy copy = lookup.look_up(text);
  if (!copy.tokens.empty()) {
    EXPECT_EQ(copy.tokens.data(), text.data() + copy.from) << "they stand where they are said to";
  }
  return {copy.tokens.begin(), copy.tokens.end()};
}

// The definition: n-grams from the longest down, places from the left, the first that something follows.
Tokens by_definition(const Tokens& text, int longest, int most, const Tokens& stops) {
  const int size = static_cast<int>(text.size());
  for (int n = std::min(longest, size - 1); n > 0; --n) {
    for (int at = 0; at + n < size; ++at) {
      if (!std::equal(text.begin() + at, text.begin() + at + n, text.end() - n)) continue;
      Tokens copy;
      for (int i = at + n; i < std::min(at + n + most, size); ++i) {
        if (std::find(stops.begin(), stops.end(), text[i]) != stops.end()) break;
        copy.push_back(text[i]);
      }
      return copy;
    }
  }
  return {};
}

TEST(NgramLookup, CopiesWhatFollowedTheLongestMatchAtItsFirstPlace) {
  NgramLookup two(2, 3), one(1, 3);
  const Tokens text = {7, 2, 3, 1, 2, 4, 5, 6, 1, 2, 8, 1, 2};
  EXPECT_EQ(copied(two, text), (Tokens{4, 5, 6})) << "1 2 stands at 3 and at 8";
  EXPECT_EQ(copied(one, text), (Tokens{3, 1, 2})) << "2 stands at 1";
  EXPECT_EQ(two.look_up(text).from, 5);
}

TEST(NgramLookup, SaysNothingWithoutARepetition) {
  NgramLookup lookup(2, 10);
  EXPECT_TRUE(copied(lookup, {}).empty());
  EXPECT_TRUE(copied(lookup, Tokens{1}).empty());
  EXPECT_TRUE(copied(lookup, Tokens{1, 2, 3}).empty());
  EXPECT_EQ(copied(lookup, Tokens{1, 2, 3, 1}), (Tokens{2, 3, 1})) << "up to the text's end";
  EXPECT_TRUE(copied(lookup, Tokens{1, 2, 3, 1, 4}).empty());
}

TEST(NgramLookup, EndsBeforeWhatEndsTheText) {
  NgramLookup lookup(2, 10, {9, 8});
  EXPECT_EQ(copied(lookup, Tokens{1, 3, 8, 4, 1}), Tokens{3});
  NgramLookup nothing(2, 10, {9});
  EXPECT_TRUE(copied(nothing, Tokens{1, 9, 3, 2, 1, 4, 1}).empty()) << "no other place is tried";
}

TEST(NgramLookup, IsTheDefinitionBehindEveryTokenOfRandomTexts) {
  int drafted = 0;
  for (unsigned seed = 0; seed < 3000; ++seed) {
    std::mt19937 random(seed);
    const auto integer = [&](int low, int high) { return std::uniform_int_distribution(low, high)(random); };
    const int alphabet = integer(1, 6), longest = integer(1, 9), most = integer(1, 12);
    const Tokens stops = integer(0, 3) == 0 ? Tokens{integer(0, alphabet)} : Tokens{};
    NgramLookup lookup(longest, most, stops);
    Tokens text;
    while (text.size() < 50) {
      for (int i = integer(1, 3); i > 0; --i) text.push_back(integer(0, alphabet - 1));
      const Tokens expected = by_definition(text, longest, most, stops);
      ASSERT_EQ(copied(lookup, text), expected) << "seed " << seed << ", token " << text.size();
      drafted += !expected.empty();
    }
  }
  EXPECT_GT(drafted, 30000);
}

TEST(NgramLookup, DraftsWhatHuggingFaceDrafts) {
  int drafted = 0, n = 0;
  for (const auto& c : test::golden_cases("lookups.json")) {
    NgramLookup lookup(c["max_matching_ngram_size"], c["prompt_lookup_num_tokens"], c["stops"]);
    const Tokens text = c["text"], expected = c["drafted"];
    EXPECT_EQ(copied(lookup, text), expected) << c.dump();
    drafted += !expected.empty();
    ++n;
  }
  EXPECT_EQ(n, 311);
  EXPECT_EQ(drafted, 191);
}

}  // namespace
}  // namespace decant
