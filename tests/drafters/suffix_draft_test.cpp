#include "drafters/suffix_draft.h"

#include <gtest/gtest.h>

#include <random>

#include "drafters/counted_runs.h"

namespace decant {
namespace {

// The definition, with runs written out and everything looked for again: of all tokens that may come next anywhere in
// the tree, the one with the largest share, then the one that stood last in the texts, then the one of the first
// parent.
class ByDefinition {
 public:
  ByDefinition(const CountedRuns& texts, const SuffixLimits& limits) : texts_(texts), limits_(limits) {}

  std::vector<SuffixGuess> draft() {
    add_behind(-1, texts_.match(SuffixAutomaton::kLongestMatch), 0, 1);
    while (!open_.empty() && std::ssize(guesses_) < limits_.most) {
      const auto best = std::max_element(open_.begin(), open_.end(), [](const Open& a, const Open& b) {
        if (a.guess.share != b.guess.share) return a.guess.share < b.guess.share;
        if (a.last != b.last) return a.last < b.last;
        return a.guess.parent > b.guess.parent;
      });
      const Open chosen = *best;
      open_.erase(best);
      guesses_.push_back(chosen.guess);
      add_behind(static_cast<int>(guesses_.size()) - 1, chosen.run, chosen.depth, chosen.guess.share);
    }
    return guesses_;
  }

 private:
  struct Open {
    SuffixGuess guess;
    int last;
    Tokens run;  // with the token
    int depth;
  };

  void add_behind(int parent, Tokens run, int depth, double share) {
    std::vector<CountedToken> next = texts_.continuations(run);
    while (!run.empty() && next.empty()) {
      run.erase(run.begin());
      next = texts_.continuations(run);
    }
    const double of_the_text = static_cast<double>(run.size()) - depth;
    if (depth >= SuffixAutomaton::kLongestWalk || depth >= limits_.factor * of_the_text) return;
    double all = 0;
    for (const auto& each : next) all += each.count;
    for (const auto& each : next) {
      if (each.count / all < limits_.least_share / share) continue;
      Tokens longer = run;
      longer.push_back(each.token);
      const int source = each.last - texts_.text_begin();
      open_.push_back(
          {{parent, each.token, share * (each.count / all), source < 0 ? -1 : source}, each.last, longer, depth + 1});
    }
  }

  const CountedRuns& texts_;
  SuffixLimits limits_;
  std::vector<SuffixGuess> guesses_;
  std::vector<Open> open_;
};

Tokens tokens_of(const std::vector<SuffixGuess>& guesses) {
  Tokens tokens;
  for (const SuffixGuess& guess : guesses) tokens.push_back(guess.token);
  return tokens;
}

bool is_chain(const std::vector<SuffixGuess>& guesses) {
  for (int i = 0; i < std::ssize(guesses); ++i) {
    if (guesses[static_cast<std::size_t>(i)].parent != i - 1) return false;
  }
  return true;
}

TEST(SuffixDraft, OneContinuationIsAChainAsLongAsTheMatch) {
  SuffixAutomaton automaton;
  automaton.append(Tokens{1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2, 3});
  auto guesses = suffix_draft(automaton);
  EXPECT_EQ(tokens_of(guesses), (Tokens{4, 5, 6})) << "three, as three match";
  EXPECT_TRUE(is_chain(guesses));
  EXPECT_EQ(guesses[0].source, 3);
  EXPECT_EQ(guesses[2].source, 5);
  EXPECT_EQ(guesses[2].share, 1);
  EXPECT_EQ(suffix_draft(automaton, {.factor = 1.5}).size(), 5u);
  EXPECT_EQ(suffix_draft(automaton, {.most = 2}).size(), 2u);
}

TEST(SuffixDraft, TwoFrequentContinuationsAreATree) {
  SuffixAutomaton automaton;
  automaton.append(Tokens{1, 2, 5, 6, 0, 1, 2, 7, 8, 0, 1, 2, 5, 6, 9, 1, 2});
  const auto guesses = suffix_draft(automaton);
  ASSERT_EQ(tokens_of(guesses), (Tokens{5, 6, 7, 8}));
  EXPECT_EQ(guesses[1].parent, 0);
  EXPECT_EQ(guesses[2].parent, -1);
  EXPECT_EQ(guesses[3].parent, 2);
  EXPECT_DOUBLE_EQ(guesses[1].share, 2 / 3.);
  EXPECT_DOUBLE_EQ(guesses[3].share, 1 / 3.);
  EXPECT_EQ(guesses[0].source, 12);
}

TEST(SuffixDraft, WhatIsRareIsNoDraft) {
  SuffixAutomaton automaton;
  for (int i = 0; i < 10; ++i) automaton.append(Tokens{1, 2, 3});
  automaton.append(Tokens{1, 4, 1});
  EXPECT_EQ(tokens_of(suffix_draft(automaton)), Tokens{2}) << "4 is one of eleven";
  EXPECT_EQ(tokens_of(suffix_draft(automaton, {.least_share = 1 / 11.})), (Tokens{2, 4}));
}

TEST(SuffixDraft, AnEarlierTextHasNoSourceInThisOne) {
  SuffixAutomaton automaton;
  automaton.append(Tokens{1, 2, 3, 4});
  automaton.begin_text();
  automaton.append(Tokens{1, 2});
  const auto guesses = suffix_draft(automaton);
  EXPECT_EQ(tokens_of(guesses), (Tokens{3, 4}));
  EXPECT_EQ(guesses[0].source, -1);
}

TEST(SuffixDraft, APeriodGoesOnBehindTheEndOfTheText) {
  SuffixAutomaton automaton;
  Tokens text;
  for (int i = 0; i < 200; ++i) text.push_back(i % 3);
  automaton.append(text);
  const auto guesses = suffix_draft(automaton);
  ASSERT_EQ(guesses.size(), 64u);
  EXPECT_TRUE(is_chain(guesses));
  for (int i = 0; i < 64; ++i) EXPECT_EQ(guesses[static_cast<std::size_t>(i)].token, (200 + i) % 3);
}

TEST(SuffixDraft, IsTheDefinitionOnRandomTexts) {
  int trees = 0, chains = 0;
  for (unsigned seed = 0; seed < 3000; ++seed) {
    std::mt19937 random(seed);
    const auto integer = [&](int low, int high) { return std::uniform_int_distribution(low, high)(random); };
    SuffixAutomaton automaton;
    CountedRuns oracle;
    const int alphabet = integer(1, 5), period = integer(2, 20), mistakes = integer(2, 30);
    const SuffixLimits limits{integer(1, 40), integer(1, 6) / 2., integer(1, 5) / 10.};
    for (int i = 0, size = integer(1, 120); i < size; ++i) {
      if (integer(0, 60) == 0) {
        automaton.begin_text();
        oracle.begin_text();
      }
      const Token token = integer(1, mistakes) == 1 ? integer(0, alphabet) : i % period % alphabet;
      automaton.append(std::span(&token, 1));
      oracle.append(token);
      if (integer(0, 15) > 0 && i + 1 < size) continue;
      const auto found = suffix_draft(automaton, limits);
      const auto expected = ByDefinition(oracle, limits).draft();
      ASSERT_EQ(found.size(), expected.size()) << "seed " << seed << ", token " << i;
      for (std::size_t k = 0; k < found.size(); ++k) {
        ASSERT_EQ(found[k].parent, expected[k].parent) << "seed " << seed << ", token " << i << ", guess " << k;
        ASSERT_EQ(found[k].token, expected[k].token) << "seed " << seed << ", token " << i << ", guess " << k;
        ASSERT_EQ(found[k].share, expected[k].share);
        ASSERT_EQ(found[k].source, expected[k].source);
        ASSERT_LT(found[k].parent, static_cast<int>(k));
      }
      (is_chain(found) ? chains : trees) += !found.empty();
    }
  }
  EXPECT_GT(trees, 1500);
  EXPECT_GT(chains, 2000);
}

}  // namespace
}  // namespace decant
