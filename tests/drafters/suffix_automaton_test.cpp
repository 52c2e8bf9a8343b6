#include "drafters/suffix_automaton.h"

#include <gtest/gtest.h>

#include <random>

#include "drafters/counted_runs.h"

namespace decant {
namespace {

using Place = SuffixAutomaton::Place;

// Both sides of the comparison, written at once.
class Both {
 public:
  explicit Both(unsigned seed) : random_(seed) {}

  int integer(int low, int high) { return std::uniform_int_distribution(low, high)(random_); }

  void begin_text() {
    automaton.begin_text();
    oracle.begin_text();
  }
  void append(Token token) {
    automaton.append(std::span(&token, 1));
    oracle.append(token);
  }
  // Of the text's own tokens.
  void append_copy() {
    const Tokens text = oracle.text();
    const int begin = integer(0, static_cast<int>(text.size()));
    const int size = integer(0, std::min(12, static_cast<int>(text.size()) - begin));
    for (int i = begin; i < begin + size; ++i) append(text[static_cast<std::size_t>(i)]);
  }

  SuffixAutomaton automaton;
  CountedRuns oracle;

 private:
  std::mt19937 random_;
};

void expect_continuations(const Both& both, const Place& place, const Tokens& run) {
  const auto found = both.automaton.continuations(place);
  const auto expected = both.oracle.continuations(run);
  ASSERT_EQ(found.size(), expected.size());
  ASSERT_EQ(both.automaton.continues(place), !expected.empty());
  int all = 0;
  for (const auto& each : expected) all += each.count;
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_EQ(found[i].token, expected[i].token);
    ASSERT_EQ(found[i].count, expected[i].count);
    ASSERT_EQ(found[i].last, expected[i].last);
    ASSERT_DOUBLE_EQ(found[i].share, static_cast<double>(expected[i].count) / all);
  }
}

// The match, what follows it, and what follows that, by a random way.
void expect_equal(Both& both) {
  Place place = both.automaton.match();
  Tokens run = both.oracle.match(SuffixAutomaton::kLongestMatch);
  ASSERT_EQ(place.length, std::ssize(run));
  ASSERT_EQ(both.automaton.text_begin(), both.oracle.text_begin());
  while (place.length > 0 && place.length < SuffixAutomaton::kMostCounted) {
    ASSERT_NO_FATAL_FAILURE(expect_continuations(both, place, run)) << "run of " << run.size();
    const auto next = both.automaton.continuations(place);
    if (next.empty() || both.integer(0, 5) == 0) {
      const int before = both.oracle.count(run);
      place = both.automaton.shorter(place);
      while (!run.empty() && both.oracle.count(run) == before) run.erase(run.begin());
      ASSERT_EQ(place.length, std::ssize(run));
      if (both.integer(0, 2) == 0) return;
    } else {
      const Token token = next[static_cast<std::size_t>(both.integer(0, static_cast<int>(next.size()) - 1))].token;
      place = both.automaton.after(place, token);
      run.push_back(token);
    }
  }
}

TEST(SuffixAutomaton, CountsWhatFollowedTheLongestMatch) {
  SuffixAutomaton automaton;
  automaton.append(Tokens{1, 2, 3, 1, 2, 4, 1, 2, 3, 5, 1, 2});
  const Place match = automaton.match();
  EXPECT_EQ(match.length, 2);
  const auto next = automaton.continuations(match);
  ASSERT_EQ(next.size(), 2u);
  EXPECT_EQ(next[0].token, 3);
  EXPECT_EQ(next[0].count, 2);
  EXPECT_EQ(next[0].last, 8);
  EXPECT_DOUBLE_EQ(next[0].share, 2 / 3.);
  EXPECT_EQ(next[1].token, 4);
  EXPECT_EQ(automaton.continuations(match, .4).size(), 1u);
  EXPECT_EQ(automaton.continuations(automaton.after(match, 3)).size(), 2u);
}

TEST(SuffixAutomaton, WhatIsNewMatchesNothing) {
  SuffixAutomaton automaton;
  EXPECT_EQ(automaton.match().length, 0);
  automaton.append(Tokens{1, 2, 3});
  EXPECT_EQ(automaton.match().length, 0);
  automaton.begin_text();
  EXPECT_EQ(automaton.match().length, 0);
  automaton.append(Tokens{3});
  EXPECT_EQ(automaton.match().length, 1);
  EXPECT_FALSE(automaton.continues(automaton.match()));
  automaton.append(Tokens{1});
  EXPECT_EQ(automaton.match().length, 1) << "no run goes from one text into the next";
}

TEST(SuffixAutomaton, IsCountingByHandBehindEveryTokenOfRandomTexts) {
  int matched = 0;
  for (unsigned seed = 0; seed < 2000; ++seed) {
    Both both(seed);
    const int alphabet = both.integer(1, 5), texts = both.integer(1, 4);
    for (int text = 0; text < texts; ++text) {
      if (text > 0) both.begin_text();
      for (int step = both.integer(0, 15); step > 0; --step) {
        both.append(both.integer(0, alphabet - 1));
        if (both.integer(0, 4) == 0) both.append_copy();
        ASSERT_NO_FATAL_FAILURE(expect_equal(both)) << "seed " << seed << ", text " << text << ", step " << step;
        matched += both.automaton.match().length > 0;
      }
    }
  }
  EXPECT_GT(matched, 20000);
}

// Runs beyond kMostCounted, by periods with a mistake now and then.
TEST(SuffixAutomaton, LongRepetitionsAreCountedToTheirBounds) {
  int longest = 0;
  for (unsigned seed = 0; seed < 30; ++seed) {
    Both both(seed);
    const int period = both.integer(1, 90), mistakes = both.integer(0, 1);
    for (int i = 0; i < 330; ++i) {
      if (i == 200 && both.integer(0, 1) == 0) both.begin_text();
      both.append(mistakes && both.integer(0, 60) == 0 ? 99 : i % period);
      if (i % 7 == 0) {
        ASSERT_NO_FATAL_FAILURE(expect_equal(both)) << "seed " << seed << ", token " << i;
      }
      longest = std::max(longest, both.automaton.match().length);
    }
  }
  EXPECT_EQ(longest, SuffixAutomaton::kLongestMatch);
}

TEST(SuffixAutomaton, ManyTextsThatBeginAlike) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    Both both(seed);
    Tokens first;
    for (int i = both.integer(1, 20); i > 0; --i) first.push_back(both.integer(0, 2));
    for (int text = 0; text < 6; ++text) {
      both.begin_text();
      for (int i = both.integer(0, static_cast<int>(first.size())); i > 0; --i) {
        both.append(first[first.size() - static_cast<std::size_t>(i)]);
        ASSERT_NO_FATAL_FAILURE(expect_equal(both)) << "seed " << seed << ", text " << text;
      }
      for (const Token token : first) {
        both.append(token);
        ASSERT_NO_FATAL_FAILURE(expect_equal(both)) << "seed " << seed << ", text " << text;
      }
    }
  }
}

}  // namespace
}  // namespace decant
