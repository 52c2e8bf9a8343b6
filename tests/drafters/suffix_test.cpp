// What the suffix drafter says of a text, and of earlier ones.
#include <gtest/gtest.h>

#include <algorithm>

#include "support/drafted.h"

namespace decant {
namespace {

using namespace testing;

using Tokens = std::vector<Token>;

std::vector<Seen> said(const Tokens& text, const Pairs& options = {}, int most = 32) {
  TableModel model({.n_vocab = 8});
  model.set_vocab(TableVocab({"a", "b", "c", "d", "e", "f", "g", "<end>"}, {7}));
  Scheduler scheduler({&model});
  return guesses_of(scheduler, given(Pairs{{"drafter", "suffix"}} + options), text, most);
}

Tokens parents_of(const std::vector<Seen>& guesses) {
  Tokens parents;
  for (const Seen& each : guesses) parents.push_back(each.parent);
  return parents;
}

TEST(Suffix, SaysWhatFollowedTheLongestMatchAndAsMuchAsItIsLong) {
  const std::vector<Seen> guesses = said({3, 1, 2, 4, 5, 6, 3, 1, 2});
  EXPECT_EQ(tokens_of(guesses), (Tokens{4, 5, 6}));
  EXPECT_EQ(parents_of(guesses), (Tokens{-1, 0, 1}));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(guesses[static_cast<std::size_t>(i)].source, 3 + i);
  EXPECT_TRUE(said({1, 2, 3}).empty());
}

TEST(Suffix, BranchesWhereSeveralTokensHaveFollowed) {
  const std::vector<Seen> guesses = said({1, 2, 4, 6, 1, 2, 5, 3, 1, 2, 4, 0, 1, 2});
  EXPECT_EQ(tokens_of(guesses).at(0), 4) << "twice of three times";
  const Tokens parents = parents_of(guesses);
  EXPECT_EQ(std::count(parents.begin(), parents.end(), -1), 2);
}

TEST(Suffix, CopiesFromEarlierTextsAndSaysThatTheyAreNotThisOne) {
  const std::vector<Seen> guesses = said({1, 2, 3}, {{"earlier_texts", "bcdefg"}});
  EXPECT_EQ(tokens_of(guesses), (Tokens{4, 5, 6}));
  for (const Seen& each : guesses) EXPECT_EQ(each.source, -1);
  EXPECT_EQ(tokens_of(said({1, 2, 3}, {{"earlier_texts", "abc"}, {"earlier_texts", "cdg"}})), (Tokens{6}));
}

TEST(Suffix, LeavesOutWhatThereIsNoRoomForWithAllThatFollowsIt) {
  const Tokens text = {3, 1, 2, 7, 5, 6, 3, 1, 2};
  EXPECT_EQ(tokens_of(said(text)), (Tokens{7})) << "nothing follows an end";
  EXPECT_EQ(tokens_of(said(text, {{"ignore_eos", "true"}})), (Tokens{7, 5, 6}));
  EXPECT_EQ(tokens_of(said(text, {{"ignore_eos", "true"}}, 2)), (Tokens{7, 5}));
  EXPECT_EQ(tokens_of(said(text, {{"ignore_eos", "true"}, {"max_new_tokens", "2"}})), (Tokens{7}));
}

// Every sequence has its own text behind the shared prompt.
TEST(Suffix, SequencesDoNotMixTheirTexts) {
  TableModel model({.n_vocab = 8, .max_sequences = 64}, random_table(8, 3));
  model.set_vocab(TableVocab({"a", "b", "c", "d", "e", "f", "g", "<end>"}, {7}));
  const auto texts = [&](const Pairs& options) {
    Scheduler scheduler({&model});
    const GenerationConfig config = given(
        Pairs{{"num_return_sequences", "4"}, {"do_sample", "true"}, {"max_new_tokens", "100"}, {"ignore_eos", "true"}} +
        options);
    const auto run = start(scheduler, drafted_request(config, {1, 2, 3, 1, 2, 3, 1, 2}));
    scheduler.run();
    run->rethrow();
    return std::pair(written_by(*run), run->stats());
  };
  const auto [plain, no_stats] = texts({});
  const auto [drafted, stats] = texts({{"drafter", "suffix"}, {"num_assistant_tokens_schedule", "constant"}});
  EXPECT_EQ(plain, drafted);
  EXPECT_GT(stats.speculation.drafters.at(0).kept, 0);
}

}  // namespace
}  // namespace decant
