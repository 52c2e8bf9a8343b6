#include "processors/scores.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <map>
#include <random>
#include <set>

#include "base/error.h"
#include "processors/support.h"
#include "support/race.h"

namespace decant {
namespace {

Token drawn(Scores& scores, std::uint32_t i) { return scores.race(1, GumbelNoise(7, 0, i)).front().id; }

TEST(Scores, ResetRejectsWhatIsNoScore) {
  Scores scores;
  for (const float bad : {inf, std::nanf("")}) {
    EXPECT_THROW(scores.reset(Floats{0, bad, 1}), Error);
    Floats many(1000, 0);
    many.back() = bad;
    EXPECT_THROW(scores.reset(many), Error);
  }
}

TEST(Scores, NothingLeft) {
  for (Scores scores : {scores_of({-inf, -inf}), ranked_scores_of({-inf, -inf})}) {
    EXPECT_EQ(scores.max(), -inf);
    EXPECT_EQ(scores.kept(), 0);
    EXPECT_EQ(scores.probability(0), 0);
    EXPECT_EQ(scores.entropy(), 0);
    EXPECT_TRUE(scores.top(5).empty());
    EXPECT_THROW(scores.argmax(), Error);
    EXPECT_THROW(scores.race(1, GumbelNoise(1, 0, 0)), Error);
  }
}

TEST(Scores, Reading) {
  const Floats logits = log_of({.125, .5, .25, .125});
  for (Scores scores : {scores_of(logits), ranked_scores_of(logits)}) {
    EXPECT_NEAR(scores.probability(1), .5, 1e-7);
    EXPECT_NEAR(scores.log_probability(2), std::log(.25), 1e-7);
    EXPECT_NEAR(scores.entropy(), 1.75 * std::log(2), 1e-7);
    EXPECT_EQ(scores.kept(), 4);
    EXPECT_EQ(scores.argmax(), 1);
    EXPECT_EQ(scores.score(2), logits[2]);
    ASSERT_EQ(scores.top(3).size(), 3u);
    EXPECT_EQ(scores.top(3)[2], (Candidate{0, logits[0]}));
    EXPECT_EQ(scores.top(9).size(), 4u);
    EXPECT_EQ(values(scores, 4), logits);
  }
}

TEST(Scores, OneToken) {
  for (Scores scores : {scores_of({-42}), ranked_scores_of({-42})}) {
    EXPECT_EQ(scores.probability(0), 1);
    EXPECT_EQ(scores.entropy(), 0);
    EXPECT_EQ(scores.argmax(), 0);
    for (std::uint32_t i = 0; i < 20; ++i) EXPECT_EQ(drawn(scores, i), 0);
    EXPECT_EQ(scores.race(5, GumbelNoise(1, 0, 0)).size(), 1u);
  }
}

TEST(Scores, StartsOverAtEachReset) {
  Scores scores = scores_of({1, 2, 3, 4});
  scores.divide(2);
  scores.keep_top(1);
  EXPECT_EQ(scores.probability(3), 1);
  scores.reset(Floats{9, 2, 2});
  EXPECT_EQ(values(scores, 3), (Floats{9, 2, 2}));
  EXPECT_EQ(scores.kept(), 3);
  EXPECT_EQ(scores.argmax(), 0);
  scores.divide(2);
  scores.reset(Floats{0, 0});
  EXPECT_EQ(scores.max(), 0);
  EXPECT_EQ(scores.probability(0), .5);
}

TEST(Scores, ResetWithTheSumIsTheSame) {
  for (const int n : {1, 5, 700}) {
    const Floats logits = random_scores(static_cast<unsigned>(n), {n, 4, false, n > 1 ? .2 : 0});
    const LogSum sum = log_sum_exp(logits);
    for (const bool log_probabilities : {false, true}) {
      Scores expected, found = scores_of({9, 8, 7});
      expected.reset(logits, log_probabilities ? static_cast<float>(sum.value) : 0);
      found.mark();
      found.reset(logits, sum, log_probabilities);
      EXPECT_EQ(values(found, logits.size()), values(expected, logits.size()));
      EXPECT_EQ(found.max(), expected.max());
      EXPECT_EQ(found.log_total(), expected.log_total());
      EXPECT_EQ(found.marked_probability(0), 0) << "of the step before";
    }
  }
}

TEST(Scores, AMarkIsWhatWasLeftThen) {
  for (Scores scores : {scores_of(log_of({.5, .25, .125, .125})), ranked_scores_of(log_of({.5, .25, .125, .125}))}) {
    EXPECT_EQ(scores.marked_probability(1), 0);
    scores.edit(Tokens{3}, [](float) { return -inf; });
    scores.mark();
    scores.divide(.5);
    scores.keep_best(1);
    EXPECT_NEAR(scores.marked_probability(0), 4 / 7., 1e-7);
    EXPECT_NEAR(scores.marked_probability(1), 2 / 7., 1e-7);
    EXPECT_EQ(scores.marked_probability(3), 0);
    scores.mark();
    EXPECT_EQ(scores.marked_probability(0), 1);
    EXPECT_EQ(scores.marked_probability(1), 0);
  }
}

TEST(Scores, EditReordersAndRemoves) {
  for (Scores scores : {scores_of({1, 2, 3, -inf}), ranked_scores_of({1, 2, 3, -inf})}) {
    EXPECT_EQ(scores.top(1)[0].id, 2);
    scores.edit(Tokens{0, 3, 0}, [](float score) { return score + 4; });
    EXPECT_EQ(values(scores, 4), (Floats{5, 2, 3, -inf}));
    EXPECT_EQ(scores.argmax(), 0);
    EXPECT_EQ(scores.top(1)[0].id, 0);
    scores.edit(Tokens{0}, [](float) { return -inf; });
    EXPECT_EQ(scores.kept(), 2);
    EXPECT_EQ(scores.argmax(), 2);
    EXPECT_EQ(scores.max(), 3);
    EXPECT_NEAR(scores.probability(2) + scores.probability(1), 1, 1e-15);
    scores.edit(Tokens{1}, [](float) { return 3.f; });
    EXPECT_EQ(scores.argmax(), 1);
    EXPECT_EQ(scores.probability(1), .5);
  }
}

TEST(Scores, EditComesAfterAPendingDivision) {
  Scores scores = scores_of({8, 4});
  scores.divide(4);
  scores.edit(Tokens{1}, [](float score) { return score + 1; });
  EXPECT_EQ(values(scores, 2), (Floats{2, 2}));
}

TEST(Scores, EditCountsWhatIsListedTwice) {
  for (Scores scores : {scores_of({1, 2, 3, -inf}), ranked_scores_of({1, 2, 3, -inf})}) {
    for (const float repeat : {1.f, 2.f}) {  // the counts of one call do not reach the next
      scores.edit(Tokens{3, 0, 2, 0, 0},
                  [](Token, float score, int count) { return score + static_cast<float>(count); });
      EXPECT_EQ(values(scores, 4), (Floats{1 + 3 * repeat, 2, 3 + repeat, -inf}));
    }
  }
}

TEST(Scores, EditMayLookAtTheId) {
  for (Scores scores : {scores_of({1, 2, 3, -inf}), ranked_scores_of({1, 2, 3, -inf})}) {
    scores.edit(Tokens{3, 0, 2, 0}, [](Token id, float score) { return score - static_cast<float>(10 * id); });
    EXPECT_EQ(values(scores, 4), (Floats{1, 2, -17, -inf}));
    EXPECT_EQ(scores.argmax(), 1);
    scores.edit(Tokens{2}, [](Token, float score) { return score * -3e38f; });
    EXPECT_EQ(scores.max(), std::numeric_limits<float>::max());
  }
}

TEST(Scores, Rewrite) {
  for (Scores scores : {scores_of({1, 2, 3, -inf}), ranked_scores_of({1, 2, 3, -inf})}) {
    EXPECT_EQ(scores.argmax(), 2);
    scores.rewrite([](Token id, float score) {
      EXPECT_NE(id, 3);  // removed ones are not asked for
      return id == 1 ? -inf : -score;
    });
    EXPECT_EQ(values(scores, 4), (Floats{-1, -inf, -3, -inf}));
    EXPECT_EQ(scores.argmax(), 0);
    EXPECT_EQ(scores.max(), -1);
    EXPECT_EQ(scores.kept(), 2);
    EXPECT_NEAR(scores.probability(0), 1 / (1 + std::exp(-2)), 1e-12);
    EXPECT_EQ(scores.top(9).size(), 2u);
  }
}

TEST(Scores, RewriteComesAfterAPendingDivisionAndNeverOverflows) {
  Scores scores = scores_of({8, 4});
  scores.divide(4);
  scores.rewrite([](Token, float score) { return score + 1; });
  EXPECT_EQ(values(scores, 2), (Floats{3, 2}));
  scores.rewrite([](Token, float score) { return score * 3e38f; });
  EXPECT_EQ(scores.max(), std::numeric_limits<float>::max());
  EXPECT_EQ(scores.probability(1), .5);
}

TEST(Scores, KeepIf) {
  for (Scores scores : {scores_of({1, 2, 3, -inf}), ranked_scores_of({1, 2, 3, -inf})}) {
    scores.keep_if([](Token id, float score) { return id == 0 || score == 2; });
    EXPECT_EQ(values(scores, 4), (Floats{1, 2, -inf, -inf}));
    EXPECT_EQ(scores.argmax(), 1);
    scores.keep_if([](Token, float) { return false; });
    EXPECT_EQ(scores.kept(), 0);
    EXPECT_EQ(scores.max(), -inf);
  }
}

TEST(Scores, ForcedTokensComeBack) {
  for (Scores scores : {scores_of({1, 2, 3, -inf}), ranked_scores_of({1, 2, 3, -inf})}) {
    scores.divide(2);
    scores.force(Tokens{3, 0, 3});
    EXPECT_EQ(values(scores, 4), (Floats{0, -inf, -inf, 0}));
    EXPECT_EQ(scores.argmax(), 0);
    EXPECT_EQ(scores.kept(), 2);
    EXPECT_EQ(scores.probability(3), .5);
    scores.edit(Tokens{0, 1}, [](float score) { return score + 1; });
    EXPECT_EQ(values(scores, 4), (Floats{1, -inf, -inf, 0}));
    scores.force(Tokens{});
    EXPECT_EQ(scores.kept(), 0);
    scores.reset(Floats{5, 6});
    EXPECT_EQ(values(scores, 2), (Floats{5, 6}));
  }
}

TEST(Scores, KeepBestCutsTies) {
  for (Scores scores : {scores_of({1, 2, 2, 2}), ranked_scores_of({1, 2, 2, 2})}) {
    scores.keep_best(9);
    EXPECT_EQ(scores.kept(), 4);
    scores.keep_best(2);
    EXPECT_EQ(values(scores, 4), (Floats{-inf, 2, 2, -inf}));
    EXPECT_EQ(scores.probability(2), .5);
    scores.keep_best(1);
    EXPECT_EQ(values(scores, 4), (Floats{-inf, 2, -inf, -inf}));
  }
}

TEST(Scores, DropBestCutsTies) {
  for (Scores scores : {scores_of({1, 2, 2, 2}), ranked_scores_of({1, 2, 2, 2})}) {
    scores.drop_best(0);
    EXPECT_EQ(scores.kept(), 4);
    scores.drop_best(2);
    EXPECT_EQ(values(scores, 4), (Floats{1, -inf, -inf, 2}));
    EXPECT_EQ(scores.argmax(), 3);
    EXPECT_EQ(scores.max(), 2);
    scores.drop_best(1);
    EXPECT_EQ(values(scores, 4), (Floats{1, -inf, -inf, -inf}));
    scores.drop_best(7);
    EXPECT_EQ(scores.kept(), 0);
  }
}

TEST(Scores, ForEachIsWhatIsLeft) {
  for (Scores scores : {scores_of({1, 2, -inf, 4}), ranked_scores_of({1, 2, -inf, 4})}) {
    scores.divide(2);
    Floats seen(4, -inf);
    int calls = 0;
    scores.for_each([&](Token id, float score) { seen[id] = score, ++calls; });
    EXPECT_EQ(calls, 3);
    EXPECT_EQ(seen, (Floats{.5, 1, -inf, 2}));
  }
}

TEST(Scores, LogTotal) {
  for (Scores scores : {scores_of({3, 3, -inf}), ranked_scores_of({3, 3, -inf})}) {
    EXPECT_NEAR(scores.log_total(), 3 + std::log(2), 1e-12);
    scores.keep_if([](Token, float) { return false; });
    EXPECT_EQ(scores.log_total(), -inf);
  }
}

// ---- races ----------------------------------------------------------------------------------------------------------

Tokens ids_of(std::span<const Racer> racers) {
  Tokens ids;
  for (const Racer& each : racers) ids.push_back(each.id);
  return ids;
}

// Whoever is left out could not have won: against a race in which everybody runs.
RC_GTEST_PROP(Scores, RaceEqualsTheWholeRace, (unsigned seed, bool coarse)) {
  const auto spread = *rc::gen::element(0.f, .3f, 1.f, 3.f, 10.f, 1000.f, 1e30f);
  Floats logits = random_scores(seed, {*rc::gen::inRange(1, 3000), spread, coarse, *rc::gen::element(0., .5, .99)});
  RC_PRE(*std::max_element(logits.begin(), logits.end()) > -inf);
  const auto divisor = *rc::gen::element(1.f, .1f, 3.f);
  Scores dense = scores_of(logits), ranked = ranked_scores_of(logits);
  for (Scores* each : {&dense, &ranked}) each->divide(divisor);
  logits = values(dense, logits.size());
  for (std::uint32_t i = 0; i < 20; ++i) {
    const GumbelNoise noise(seed, i % 3, i);
    const int n = std::array{1, 1, 2, 5, 40}[i % 5];
    Tokens wanted = testing::whole_race(logits, noise);
    if (std::ssize(wanted) > n) wanted.resize(static_cast<std::size_t>(n));
    RC_ASSERT(ids_of(dense.race(n, noise)) == wanted);
    RC_ASSERT(ids_of(ranked.race(n, noise)) == wanted);
    for (const Racer& each : ranked.race(n, noise)) {
      RC_ASSERT(each.noise == noise(each.id));
      RC_ASSERT(each.score == logits[each.id]);
    }
  }
}

TEST(Scores, RaceNeverYieldsATokenWithoutMass) {
  for (Scores scores : {scores_of({0, -inf, -2000, 0}), ranked_scores_of({0, -inf, -2000, 0})}) {
    std::set<Token> seen;
    for (std::uint32_t i = 0; i < 200; ++i) seen.insert(drawn(scores, i));
    EXPECT_EQ(seen, (std::set<Token>{0, 3}));
    EXPECT_EQ(scores.race(4, GumbelNoise(1, 0, 0)).size(), 3u);
  }
}

// Noise is not rounded away beside scores that have no room for it.
TEST(Scores, EqualTokensWinAsOftenHoweverLargeTheirScores) {
  for (const float score : {0.f, -1e30f, 1e30f, std::numeric_limits<float>::max()}) {
    Scores scores = scores_of(Floats(4, score));
    std::array<int, 4> counts{};
    for (std::uint32_t i = 0; i < 4000; ++i) ++counts[static_cast<std::size_t>(drawn(scores, i))];
    for (const int count : counts) EXPECT_NEAR(count, 1000, 130) << score;
  }
}

// How much of the ranking is known already makes no difference.
TEST(Scores, RaceDoesNotDependOnHowMuchIsRanked) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    const Floats logits = random_scores(seed, {2000, 3.f});
    Scores fresh = scores_of(logits), known = scores_of(logits);
    known.top(1 + static_cast<int>(seed) * 30);
    known.log_total();
    const GumbelNoise noise(seed, 0, 1);
    EXPECT_EQ(ids_of(fresh.race(3, noise)), ids_of(known.race(3, noise)));
    const Token first = fresh.race(1, noise).front().id;
    EXPECT_EQ(first, fresh.race(7, noise).front().id);
  }
}

// One of the operations, on scores and by definition on the plain vector.
void random_operation(std::mt19937& generator, Scores& scores, Floats& expected) {
  const auto integer = [&](int low, int high) { return std::uniform_int_distribution(low, high)(generator); };
  const auto n = static_cast<int>(expected.size());
  Tokens ids(static_cast<std::size_t>(integer(0, n)));
  for (Token& id : ids) id = integer(0, n - 1);
  const Tokens order = reference::ranking(expected);
  const auto left = std::count_if(expected.begin(), expected.end(), [](float x) { return x > -inf; });
  const int k = integer(1, n);
  const auto change = [](Token id, float score) {
    return id % 5 == 0 ? -inf : score * .5f - static_cast<float>(id % 3);
  };
  switch (integer(0, 6)) {
    case 0:
      scores.rewrite(change);
      for (Token id = 0; id < n; ++id) expected[id] = change(id, expected[id]);
      break;
    case 1:
      scores.edit(ids, change);
      for (const Token id : std::set<Token>(ids.begin(), ids.end())) expected[id] = change(id, expected[id]);
      break;
    case 2:
      scores.keep_if([&](Token id, float score) { return score > -2 && id % 7 != 0; });
      for (Token id = 0; id < n; ++id) expected[id] = expected[id] > -2 && id % 7 != 0 ? expected[id] : -inf;
      break;
    case 3:
      scores.keep_best(k);
      for (int rank = k; rank < n; ++rank) expected[order[rank]] = -inf;
      break;
    case 4:
      scores.drop_best(k / 4);
      for (int rank = 0; rank < std::min<long>(k / 4, left); ++rank) expected[order[rank]] = -inf;
      break;
    case 5:
      scores.divide(2);
      for (float& score : expected) score /= 2;
      break;
    case 6:
      if (k > n / 8) break;  // it would come too often
      scores.force(ids);
      std::fill(expected.begin(), expected.end(), -inf);
      for (const Token id : ids) expected[id] = 0;
  }
}

// Operations in any order, with a look at the ranking in between, from either form.
RC_GTEST_PROP(Scores, OperationsEqualTheirDefinitions, (unsigned seed)) {
  for (unsigned i = 0; i < 50; ++i) {
    std::mt19937 generator(seed + i);
    const auto n = *rc::gen::inRange(1, 400);
    Floats expected = random_scores(seed + i, {n, 3, i % 2 == 0, .1});
    Scores scores = i % 4 < 2 ? scores_of(expected) : ranked_scores_of(expected);
    for (int step = 0; step < 6; ++step) {
      if (generator() % 3 == 0) scores.top(1 + static_cast<int>(generator() % 40));
      if (generator() % 3 == 0) scores.log_total();
      random_operation(generator, scores, expected);
      RC_ASSERT(values(scores, expected.size()) == expected);
      const auto left = std::count_if(expected.begin(), expected.end(), [](float x) { return x > -inf; });
      RC_ASSERT(scores.kept() == left);
      RC_ASSERT(scores.max() == *std::max_element(expected.begin(), expected.end()));
      if (left == 0) break;
      RC_ASSERT(scores.argmax() == reference::ranking(expected)[0]);
      RC_ASSERT(difference(scores, {expected}).empty());
      Floats seen(expected.size(), -inf);
      scores.for_each([&](Token id, float score) { seen[id] = score; });
      RC_ASSERT(seen == expected);
    }
  }
}

// 100,000 draws against the exact law: chi-square over the tokens that expect at least 5, the others as one cell.
// The bound is 4 standard deviations of the statistic; the draws are fixed.
double chi_square_excess(Scores scores) {
  constexpr std::uint32_t n = 100000;
  const Doubles p = reference::softmax(values(scores, static_cast<std::size_t>(scores.n_vocab())));
  std::vector<int> counts(p.size());
  for (std::uint32_t i = 0; i < n; ++i) ++counts[drawn(scores, i)];
  double statistic = 0, rest_expected = 0, rest_count = 0;
  int cells = 0;
  const auto add = [&](double count, double expected) {
    statistic += (count - expected) * (count - expected) / expected;
    ++cells;
  };
  for (std::size_t id = 0; id < p.size(); ++id) {
    EXPECT_TRUE(p[id] > 0 || counts[id] == 0) << id;
    if (p[id] * n >= 5) {
      add(counts[id], p[id] * n);
    } else {
      rest_expected += p[id] * n;
      rest_count += counts[id];
    }
  }
  if (rest_expected > 0) add(rest_count, rest_expected);
  const double freedom = std::max(1, cells - 1);
  return (statistic - freedom) / std::sqrt(2 * freedom);
}

TEST(Scores, DrawsFollowTheLaw) {
  const Floats logits = random_scores(3, {700, 2.5f});
  Scores scores = scores_of(logits);
  EXPECT_LT(chi_square_excess(scores), 4);
  scores.divide(1.7f);
  EXPECT_LT(chi_square_excess(scores), 4);
  Scores top_k = scores, top_p = scores, min_p = scores;
  top_k.keep_top(50);
  EXPECT_LT(chi_square_excess(top_k), 4);
  top_p.keep_mass(.8, 1);
  EXPECT_LT(chi_square_excess(top_p), 4);
  min_p.keep_at_least(min_p.max() - 2, 1);
  EXPECT_LT(chi_square_excess(min_p), 4);
  EXPECT_LT(chi_square_excess(scores_of(log_of({.5, .25, .125, .125}))), 4);
  EXPECT_LT(chi_square_excess(scores_of(random_scores(4, {10, 1.5f}))), 4);
  EXPECT_LT(chi_square_excess(ranked_scores_of(random_scores(5, {1000, 1.5f}))), 4);
}

RC_GTEST_PROP(Scores, ReadingEqualsTheReference, (unsigned seed, bool coarse)) {
  const Floats logits = random_scores(seed, {*rc::gen::inRange(1, 3000), 3, coarse, *rc::gen::element(0., .5)});
  RC_PRE(*std::max_element(logits.begin(), logits.end()) > -inf);
  const Doubles p = reference::softmax(logits);
  double entropy = 0;
  for (const double x : p) entropy -= x > 0 ? x * std::log(x) : 0;
  for (Scores scores : {scores_of(logits), ranked_scores_of(logits)}) {
    RC_ASSERT(difference(scores, {logits}).empty());
    RC_ASSERT(std::abs(scores.entropy() - entropy) < 1e-5);
    RC_ASSERT(scores.argmax() == reference::ranking(logits)[0]);
    RC_ASSERT(scores.kept() == std::count_if(logits.begin(), logits.end(), [](float x) { return x > -inf; }));
  }
}

// The three first of a race are three draws without replacement (Plackett and Luce): all 60 orders of 3 out of 5.
TEST(Scores, TheFirstOfARaceAreDrawsWithoutReplacement) {
  constexpr std::uint32_t n = 100000;
  const Doubles p{.05, .4, .25, .1, .2};
  for (Scores scores : {scores_of(log_of(p)), ranked_scores_of(log_of(p))}) {
    std::map<Tokens, int> counts;
    for (std::uint32_t i = 0; i < n; ++i) ++counts[ids_of(scores.race(3, GumbelNoise(2, 0, i)))];
    ASSERT_EQ(counts.size(), 60u);
    double statistic = 0;
    for (const auto& [order, count] : counts) {
      double expected = n, left = 1;
      for (const Token id : order) {
        expected *= p[id] / left;
        left -= p[id];
      }
      statistic += (count - expected) * (count - expected) / expected;
    }
    EXPECT_LT((statistic - 59) / std::sqrt(2 * 59.0), 4);
  }
}

}  // namespace
}  // namespace decant
