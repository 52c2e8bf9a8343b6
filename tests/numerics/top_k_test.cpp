#include "numerics/top_k.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "numerics/random_scores.h"

namespace decant {

void PrintTo(const Candidate& c, std::ostream* out) { *out << c.id << ':' << c.score; }

namespace {

constexpr float inf = std::numeric_limits<float>::infinity();
using Candidates = std::vector<Candidate>;

// By definition: everything that is left, ranked.
Candidates full_ranking(const std::vector<float>& scores, float divisor = 1) {
  Candidates all;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (scores[i] / divisor > -inf) all.push_back({static_cast<Token>(i), scores[i] / divisor});
  }
  std::stable_sort(all.begin(), all.end(), [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
  return all;
}

Candidates first(const Candidates& ranking, std::size_t k) {
  return {ranking.begin(), ranking.begin() + static_cast<std::ptrdiff_t>(std::min(k, ranking.size()))};
}

Candidates with_ties(const Candidates& ranking, std::size_t k) {
  while (k < ranking.size() && ranking[k].score == ranking[k - 1].score) ++k;
  return first(ranking, k);
}

TEST(TopKSelection, ByHand) {
  Candidates found;
  const std::vector<float> scores{1, 3, -inf, 3, 2, 2};
  top_k(scores, 1, found);
  EXPECT_EQ(found, (Candidates{{1, 3}}));
  top_k(scores, 3, found);
  EXPECT_EQ(found, (Candidates{{1, 3}, {3, 3}, {4, 2}}));
  top_k_with_ties(scores, 1, 3, found);
  EXPECT_EQ(found, (Candidates{{1, 3}, {3, 3}, {4, 2}, {5, 2}}));
  top_k(scores, 6, found);
  EXPECT_EQ(found, (Candidates{{1, 3}, {3, 3}, {4, 2}, {5, 2}, {0, 1}}));
  select_at_least(scores, 2, found);
  EXPECT_EQ(found, (Candidates{{1, 3}, {3, 3}, {4, 2}, {5, 2}}));
  select_at_least(scores, 4, found);
  EXPECT_EQ(found, Candidates{});
}

TEST(TopKSelection, NothingLeft) {
  Candidates found{{1, 1}};
  top_k(std::vector<float>(500, -inf), 3, found);
  EXPECT_EQ(found, Candidates{});
  top_k_with_ties(std::vector<float>{-inf}, 1, 1, found);
  EXPECT_EQ(found, Candidates{});
  top_k_with_ties(std::vector<float>{-1}, 1, 9, found);
  EXPECT_EQ(found, (Candidates{{0, -1}}));
}

TEST(TopKSelection, BothZerosAreOneScore) {
  std::vector<float> scores(1000, -1);
  for (std::size_t i = 0; i < 600; ++i) scores[i] = i % 2 ? 0.f : -0.f;  // enough for the radix sort
  Candidates found;
  top_k(scores, 600, found);
  ASSERT_EQ(found.size(), 600u);
  for (Token i = 0; i < 600; ++i) EXPECT_EQ(found[static_cast<std::size_t>(i)].id, i);
}

// Quotients tie although the scores differ; one falls out of the range of float.
TEST(TopKSelection, TiesOfQuotients) {
  std::vector<float> scores(400, -100);
  const float divisor = 1.5f;
  do {  // two neighbours of three have one quotient
    scores[7] = std::max(1.75f, scores[300]);
    scores[300] = std::nextafter(scores[7], 2.f);
  } while (scores[7] / divisor != scores[300] / divisor);
  Candidates found;
  top_k_with_ties(scores, divisor, 1, found);
  EXPECT_EQ(found, (Candidates{{7, scores[7] / divisor}, {300, scores[7] / divisor}}));
  top_k_with_ties(std::vector<float>{1e30f, -3e38f}, .5f, 2, found);
  EXPECT_EQ(found, (Candidates{{0, 2e30f}}));
  top_k_with_ties(std::vector<float>{1, 2, 3}, 1e38f, 1, found);
  EXPECT_EQ(found.size(), 1u);
  top_k_with_ties(std::vector<float>{1e-10f, 2e-10f, 3}, 3e38f, 3, found);
  EXPECT_EQ(found.size(), 3u);
}

TEST(TopKSelection, OrdersThatDefeatBlocks) {
  std::vector<float> rising(5000), level(5000, 2), clustered(5000, -9);
  for (std::size_t i = 0; i < rising.size(); ++i) rising[i] = static_cast<float>(i);
  for (std::size_t i = 64; i < 400; ++i) clustered[i] = static_cast<float>(i % 7);
  for (const auto& scores : {rising, {rising.rbegin(), rising.rend()}, level, clustered}) {
    const Candidates ranking = full_ranking(scores);
    Candidates found;
    for (const int k : {1, 50, 255, 256, 257, 1024, 1025, 5000}) {
      top_k(scores, k, found);
      EXPECT_EQ(found, first(ranking, static_cast<std::size_t>(k)));
      top_k_with_ties(scores, 1, k, found);
      EXPECT_EQ(found, with_ties(ranking, static_cast<std::size_t>(k)));
    }
  }
}

// A guess is no promise, but a useful one gathers what was asked for without taking everything.
TEST(TopKSelection, GuessesAThreshold) {
  for (const unsigned seed : {1u, 2u, 3u}) {
    const auto scores = random_scores(seed, {49152});
    const Candidates ranking = full_ranking(scores);
    const float below = ranking[63].score;
    double rest = 0, gathered = 0;
    for (std::size_t i = 64; i < ranking.size(); ++i) rest += std::exp(double{ranking[i].score});
    const float threshold = guess_threshold(scores, below, 1000, .5);
    ASSERT_LT(threshold, below);
    std::size_t count = 0;
    for (std::size_t i = 64; i < ranking.size() && ranking[i].score >= threshold; ++i, ++count) {
      gathered += std::exp(double{ranking[i].score});
    }
    EXPECT_GT(count, 500u);
    EXPECT_GT(gathered, .4 * rest);
    EXPECT_LT(count, 10000u);
  }
  EXPECT_EQ(guess_threshold(std::vector<float>(1000, 2), 2, 1, .5), -inf);
  EXPECT_EQ(guess_threshold(std::vector<float>{3, 2, 1}, 3, 9, .5), -inf);
  EXPECT_EQ(guess_threshold(std::vector<float>{3, 2, 1, 0}, 3, 1, .5), 2);
  EXPECT_EQ(guess_threshold(std::vector<float>{3, 2, 1, 0}, 3, 3, .5), 0);
}

RC_GTEST_PROP(TopKSelection, EqualsAFullSort, (unsigned seed, bool coarse)) {
  const auto scores = random_scores(seed, {*rc::gen::inRange(1, 60000), 3, coarse, *rc::gen::element(0., .1, .99)});
  const auto k = *rc::gen::oneOf(rc::gen::inRange(1, 100), rc::gen::inRange(1, 3000));
  const auto wanted = static_cast<std::size_t>(k);
  const Candidates ranking = full_ranking(scores);
  Candidates found;

  top_k(scores, k, found);
  RC_ASSERT(found == first(ranking, wanted));
  leading(scores, k, found);
  RC_ASSERT(found.size() >= std::min(wanted, ranking.size()));
  RC_ASSERT(found == first(ranking, found.size()));

  const auto divisor = *rc::gen::element(.1f, .7f, 1.f, 3.f, 1e6f, 1e38f);
  top_k_with_ties(scores, divisor, k, found);
  RC_ASSERT(found == with_ties(full_ranking(scores, divisor), wanted));

  const float threshold = static_cast<float>(*rc::gen::inRange(-40, 40)) / 4;
  select_at_least(scores, threshold, found);
  const auto below = [threshold](const Candidate& c) { return c.score < threshold; };
  const auto end = std::find_if(ranking.begin(), ranking.end(), below);
  RC_ASSERT(found == Candidates(ranking.begin(), end));
}

}  // namespace
}  // namespace decant
