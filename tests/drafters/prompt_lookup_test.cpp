// What prompt lookup says of a text.
#include <gtest/gtest.h>

#include <random>

#include "support/drafted.h"

namespace decant {
namespace {

using namespace testing;

using Tokens = std::vector<Token>;

std::vector<Seen> looked_up(const Tokens& text, const Pairs& options = {}, int most = 32) {
  TableModel model({.n_vocab = 8});
  model.set_vocab(TableVocab({"a", "b", "c", "d", "e", "f", "g", "<end>"}, {7}));
  Scheduler scheduler({&model});
  return guesses_of(scheduler, given(Pairs{{"drafter", "prompt_lookup"}} + options), text, most);
}

TEST(PromptLookup, SaysWhatFollowedTheLongestRunOfTokensAtItsFirstPlace) {
  EXPECT_EQ(tokens_of(looked_up({3, 2, 4, 1, 2, 5, 1, 2})), (Tokens{5, 1, 2})) << "1 2, and not the 2 before";
  EXPECT_EQ(tokens_of(looked_up({1, 2, 5, 1, 2, 6, 1, 2})), (Tokens{5, 1, 2, 6, 1, 2})) << "the first of two places";
  EXPECT_EQ(tokens_of(looked_up({3, 2, 4, 1, 2, 5, 1, 2}, {{"max_matching_ngram_size", "1"}})),
            (Tokens{4, 1, 2, 5, 1, 2}));
  EXPECT_EQ(tokens_of(looked_up({1, 1, 1})), (Tokens{1})) << "a place may overlap the text's end, not be it";
  EXPECT_TRUE(looked_up({1, 2, 3}).empty());
  EXPECT_TRUE(looked_up({1}).empty());
}

TEST(PromptLookup, SaysWhereItWasCopiedFrom) {
  const std::vector<Seen> guesses = looked_up({1, 2, 5, 6, 1, 2});
  ASSERT_EQ(guesses.size(), 4u);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(guesses[static_cast<std::size_t>(i)].source, 2 + i);
    EXPECT_EQ(guesses[static_cast<std::size_t>(i)].parent, i - 1) << "a chain";
    EXPECT_EQ(guesses[static_cast<std::size_t>(i)].q, 1) << "not drawn";
  }
}

TEST(PromptLookup, EndsWhereTheTextWould) {
  const Tokens text = {1, 2, 3, 4, 7, 5, 6, 1, 2};
  EXPECT_EQ(tokens_of(looked_up(text)), (Tokens{3, 4})) << "before the end token";
  EXPECT_EQ(tokens_of(looked_up(text, {{"ignore_eos", "true"}})), (Tokens{3, 4, 7, 5, 6, 1, 2}));
  EXPECT_EQ(tokens_of(looked_up(text, {{"stop_token_ids", "4"}})), (Tokens{3}));
  EXPECT_EQ(tokens_of(looked_up(text, {{"prompt_lookup_num_tokens", "2"}})), (Tokens{3, 4}));
  EXPECT_EQ(tokens_of(looked_up(text, {}, 1)), (Tokens{3}));
  // The last token that there is room for is the target's own.
  EXPECT_EQ(tokens_of(looked_up(text, {{"max_new_tokens", "3"}})), (Tokens{3, 4}));
  EXPECT_TRUE(looked_up(text, {{"max_new_tokens", "1"}}).empty());
}

// Against its definition, on random texts.
TEST(PromptLookup, EqualsItsDefinition) {
  std::mt19937 random(5);
  int found = 0;
  for (int round = 0; round < 300; ++round) {
    Tokens text(1 + random() % 20);
    for (Token& each : text) each = static_cast<Token>(random() % 4);
    const int longest = 1 + static_cast<int>(random() % 4), size = static_cast<int>(text.size());
    Tokens expected;
    for (int n = std::min(longest, size - 1); n > 0 && expected.empty(); --n) {
      for (int at = 0; at + n < size && expected.empty(); ++at) {
        if (std::equal(text.end() - n, text.end(), text.begin() + at)) {
          expected.assign(text.begin() + at + n, text.begin() + std::min(at + n + 10, size));
        }
      }
    }
    found += !expected.empty();
    ASSERT_EQ(tokens_of(looked_up(text, {{"max_matching_ngram_size", std::to_string(longest)}})), expected)
        << ::testing::PrintToString(text) << longest;
  }
  EXPECT_GT(found, 100);
}

}  // namespace
}  // namespace decant
