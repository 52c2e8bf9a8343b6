#include "drafters/draft_length.h"

#include <gtest/gtest.h>

namespace decant {
namespace {

// Costs that are what they were measured to be.
RowCosts costs(double one, double a_row) {
  RowCosts costs;
  for (int rows = 1; rows <= 256; rows *= 2) costs.measured(rows, one + a_row * (rows - 1));
  return costs;
}

// The first `kept` guesses of a chain of `guesses`.
std::vector<bool> first(int kept, int guesses) {
  std::vector<bool> was_kept(static_cast<std::size_t>(guesses));
  std::fill_n(was_kept.begin(), kept, true);
  return was_kept;
}

DraftLength after(int most, int rounds, int reached, int kept) {
  DraftLength length(most);
  for (int i = 0; i < rounds; ++i) length.verified(1, first(kept, reached));
  return length;
}

TEST(RowCosts, AreThoseMeasuredAndLieBetweenThem) {
  RowCosts known;
  EXPECT_DOUBLE_EQ(known.of(1), 1);
  EXPECT_GT(known.of(8), known.of(4));
  known.measured(1, 0.002);
  known.measured(8, 0.004);
  EXPECT_DOUBLE_EQ(known.of(1), 0.002);
  EXPECT_DOUBLE_EQ(known.of(8), 0.004);
  EXPECT_GT(known.of(6), known.of(4));
  EXPECT_LT(known.of(6), 0.004);
  for (int i = 0; i < 200; ++i) known.measured(8, 0.010);
  EXPECT_NEAR(known.of(8), 0.010, 1e-6) << "what it costs now counts";
}

TEST(DraftLength, GoesAsFarAsItIsWorth) {
  // Everything is kept, and rows are cheap: as many as there may be.
  EXPECT_EQ(after(16, 100, 16, 16).choose(1, 1, costs(1, 0.01)), 16);
  // Three are kept, never more.
  EXPECT_EQ(after(16, 200, 8, 3).choose(1, 1, costs(1, 0.05)), 3);
  // The same, but a row costs as much as a forward: no guess gains anything.
  EXPECT_EQ(after(16, 200, 8, 3).choose(1, 1, costs(1, 1)), 0);
  // Nothing is kept.
  EXPECT_EQ(after(16, 200, 4, 0).choose(1, 1, costs(1, 0.05)), 0);
}

TEST(DraftLength, CountsWhatGuessingCosts) {
  DraftLength length = after(8, 200, 8, 8);
  EXPECT_EQ(length.choose(1, 1, costs(1, 0.01)), 8);
  length.guessed(8, 8 * 1.5);  // each more than a forward
  EXPECT_EQ(length.choose(1, 1, costs(1, 0.01)), 0);
}

TEST(DraftLength, KnowsNothingOfDepthsThatWereNotDrafted) {
  // Two guesses, both kept: nothing says that a third would not have been.
  EXPECT_GT(after(16, 200, 2, 2).choose(1, 1, costs(1, 0.05)), 8);
  EXPECT_LE(after(16, 200, 3, 2).choose(1, 1, costs(1, 0.05)), 2);
}

TEST(DraftLength, KindsAreApart) {
  DraftLength length(16);
  for (int i = 0; i < 200; ++i) length.verified(0, first(0, 4));
  for (int i = 0; i < 200; ++i) length.verified(3, first(16, 16));
  EXPECT_EQ(length.choose(0, 1, costs(1, 0.05)), 0);
  EXPECT_EQ(length.choose(3, 1, costs(1, 0.05)), 16);
  EXPECT_TRUE(length.is_worth_asking(1, costs(1, 0.05)));
}

TEST(DraftLength, TriesAgainEverLessOften) {
  DraftLength length(16);
  for (int kind = 0; kind < DraftLength::kKinds; ++kind) {
    for (int i = 0; i < 200; ++i) length.verified(kind, first(0, 4));
  }
  const RowCosts all_the_same = costs(1, 0.05);
  std::vector<int> tried;
  for (int round = 1; round <= 500; ++round) {
    if (!length.is_worth_asking(1, all_the_same)) continue;
    tried.push_back(round);
    EXPECT_GT(length.choose(1, 1, all_the_same), 0);
    length.verified(1, first(0, 2));
  }
  EXPECT_EQ(tried, (std::vector<int>{16, 48, 112, 240, 496}));
}

// Of a tree, each guess counts by how often it was on the way: one of three branches, and what follows it.
TEST(DraftLength, BranchesThatAreNeverTakenAreNotGuessed) {
  DraftLength length(8);
  for (int i = 0; i < 200; ++i) length.verified(1, {true, false, true, false, false});
  EXPECT_EQ(length.choose(1, 1, costs(1, 0.3)), 3);
  EXPECT_EQ(length.choose(1, 1, costs(1, 0.6)), 1);
}

// More texts share a forward: their rows are no longer nearly free.
TEST(DraftLength, SeveralTextsGuessLess) {
  const DraftLength length = after(16, 100, 16, 8);
  RowCosts steep;
  for (int rows = 1; rows <= 256; rows *= 2) steep.measured(rows, rows <= 8 ? 1 : rows / 8.0);
  EXPECT_GT(length.choose(1, 1, steep), length.choose(1, 8, steep));
}

}  // namespace
}  // namespace decant
