#include "drafters/draft_length.h"

#include <gtest/gtest.h>

namespace decant {
namespace {

// Costs that are what they were measured to be, behind a forward of one row; another number of rows costs nothing.
RowCosts costs(double one, double a_row) {
  RowCosts costs;
  for (int rows = 1; rows <= 256; rows *= 2) costs.measured(rows, one + a_row * (rows - 1));
  costs.measured(1, one);
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
  DraftLength length(16, {0, 1, 2, 3});
  for (int i = 0; i < 200; ++i) length.verified(0, first(0, 4));
  for (int i = 0; i < 200; ++i) length.verified(3, first(16, 16));
  EXPECT_EQ(length.choose(0, 1, costs(1, 0.05)), 0);
  EXPECT_EQ(length.choose(3, 1, costs(1, 0.05)), 16);
  EXPECT_EQ(length.limit(1, costs(1, 0.05)), 16);
}

// The rounds of 500 in which something is guessed, none of which is kept.
std::vector<int> trials(DraftLength& length, const RowCosts& costs) {
  std::vector<int> tried;
  for (int round = 1; round <= 500; ++round) {
    if (length.limit(1, costs) == 0) continue;
    const int guesses = length.choose(1, 1, costs);
    if (guesses == 0) continue;
    tried.push_back(round);
    length.verified(1, first(0, guesses));
  }
  return tried;
}

TEST(DraftLength, TriesAgainEverLessOften) {
  DraftLength length = after(16, 200, 4, 0);
  EXPECT_EQ(trials(length, costs(1, 0.05)), (std::vector<int>{16, 48, 112, 240, 496}));
}

// Two guesses of 5 forwards each, and 10 to read what was written since: one in 2000 rounds.
TEST(DraftLength, TrialsTakeAHundredthOfTheTime) {
  DraftLength length(16, {DraftLength::kUsualKind}, true);
  for (int i = 0; i < 200; ++i) length.verified(1, first(0, 4));
  length.guessed(2, 20, 10);
  EXPECT_EQ(trials(length, costs(1, 0.05)), std::vector<int>{});
}

// One kind that is not worth it says nothing of the others; those that a drafter does not have do not count.
TEST(DraftLength, IsNotAskedForKindsThatItDoesNotHave) {
  DraftLength one(16), two(16, {1, 2});
  for (DraftLength* length : {&one, &two}) {
    for (int i = 0; i < 200; ++i) length->verified(1, first(0, 4));
  }
  EXPECT_EQ(one.limit(1, costs(1, 0.05)), 0);
  EXPECT_GT(two.limit(1, costs(1, 0.05)), 0);
}

TEST(DraftLength, AModelBeginsWithATrialUntilItsCostIsKnown) {
  DraftLength length(16, {DraftLength::kUsualKind}, true);
  EXPECT_EQ(length.choose(1, 1, {}), 2);
  length.guessed(2, 100, 99.98);
  EXPECT_EQ(length.choose(1, 1, {}), 0) << "what forwards cost is not known either";
  EXPECT_GT(length.choose(1, 1, costs(1, 0.05)), 2);
}

// A first draft that failed says nothing of what follows guesses that are kept.
TEST(DraftLength, GuessesBehindThoseThatAreKeptAreHopedForAgain) {
  DraftLength length(32, {3});
  length.verified(3, first(0, 32));
  for (int i = 0; i < 30; ++i) length.verified(3, first(4, 4));
  EXPECT_GT(length.choose(3, 1, costs(1, 0.05)), 16);
}

// A forward of another number of rows than the one before takes half as long again.
TEST(RowCosts, KnowWhatAnotherNumberOfRowsCosts) {
  RowCosts known;
  for (int i = 0; i < 100; ++i) {
    for (const double seconds : {1.5, 1.0}) known.measured(1, seconds);
    known.measured(4, 2.5);
  }
  EXPECT_NEAR(known.of(1), 1, 0.01);
  EXPECT_NEAR(known.change(), 0.5, 0.01);
  EXPECT_NEAR(known.of(4), 2, 0.01);
}

// Two guesses of which half are kept pay where the rows are the same as before, and not among rounds without.
TEST(DraftLength, CountsTheChangesOfRows) {
  RowCosts among_others;
  for (int i = 0; i < 100; ++i) {
    for (const double seconds : {1.5, 1.0}) among_others.measured(1, seconds);
    among_others.measured(2, 1.6);
  }
  for (int i = 0; i < 2; ++i) among_others.measured(1, 1);
  DraftLength length(1);
  for (int i = 0; i < 200; ++i) length.verified(1, {i % 2 == 0});
  EXPECT_EQ(length.choose(1, 1, among_others), 0);
  among_others.measured(2, 1.6);
  EXPECT_EQ(length.choose(1, 1, among_others), 1);
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
  DraftLength length = after(16, 100, 16, 8);
  RowCosts steep;
  for (int rows = 1; rows <= 256; rows *= 2) steep.measured(rows, rows <= 8 ? 1 : rows / 8.0);
  steep.measured(1, 1);
  EXPECT_GT(length.choose(1, 1, steep), length.choose(1, 8, steep));
}

// Where rows cost what they cost, others wait for what one guesses: three guesses of which one is kept.
TEST(DraftLength, OthersDoNotWaitForGuessesThatGainLess) {
  RowCosts alone, in_company;
  for (int i = 0; i < 100; ++i) {
    for (const int rows : {4, 1}) {
      alone.measured(rows, 1 + 0.1 * (rows - 1));
      in_company.measured(rows, 0.7 + 0.1 * (rows + 7), 7);
    }
  }
  DraftLength length(3);
  for (int i = 0; i < 200; ++i) length.verified(1, {i % 2 == 0, false, false});
  EXPECT_GT(length.choose(1, 1, alone), 0);
  EXPECT_EQ(length.choose(1, 1, in_company), 0);
}

}  // namespace
}  // namespace decant
