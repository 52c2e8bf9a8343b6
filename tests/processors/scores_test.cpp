#include "processors/scores.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <random>
#include <set>

#include "base/error.h"
#include "numerics/philox.h"
#include "processors/support.h"

namespace decant {
namespace {

const double below_one = std::nextafter(1.0, 0.0);

// By definition: everything ranked, the running sum of probabilities, the first token that u falls short of.
struct FullSort {
  explicit FullSort(const Floats& scores) : ids(reference::ranking(scores)) {
    const Doubles p = reference::softmax(scores);
    double sum = 0;
    for (const Token id : ids) ends.push_back(sum += p[id]);
  }

  // -1 where u is so close to a boundary that rounding decides.
  Token draw(double u, double margin) const {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (std::abs(u - ends[i]) < margin && i + 1 < ids.size()) return -1;
      if (u < ends[i]) return ids[i];
    }
    return -1;
  }

  Tokens ids;
  Doubles ends;
};

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
    EXPECT_THROW(scores.draw(0), Error);
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
    EXPECT_EQ(scores.draw(0), 0);
    EXPECT_EQ(scores.draw(below_one), 0);
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

// Equal tokens: the boundaries are multiples of 1/n, exactly. The sizes sit on both sides of each ranking step.
TEST(Scores, DrawAtTheBoundaries) {
  for (const int n : {1, 2, 4, 64, 128, 512, 1024, 4096}) {
    Scores scores = scores_of(Floats(static_cast<std::size_t>(n), -1.5f));
    for (int i = 0; i < n; i += std::max(1, n / 128)) {
      const double begin = static_cast<double>(i) / n;
      ASSERT_EQ(scores.draw(begin), i) << n;
      ASSERT_EQ(scores.draw(std::nextafter(begin, 0.)), std::max(0, i - 1)) << n;
    }
    EXPECT_EQ(scores.draw(below_one), n - 1);
  }
}

TEST(Scores, DrawNeverYieldsATokenWithoutMass) {
  for (Scores scores : {scores_of({0, -inf, -2000, 0}), ranked_scores_of({0, -inf, -2000, 0})}) {
    EXPECT_EQ(scores.draw(0), 0);
    EXPECT_EQ(scores.draw(.5), 3);
    EXPECT_EQ(scores.draw(below_one), 3);
  }
}

RC_GTEST_PROP(Scores, DrawEqualsAFullSort, (unsigned seed, bool coarse)) {
  const auto spread = *rc::gen::element(.3f, 1.f, 3.f, 10.f);
  const Floats logits = random_scores(seed, {*rc::gen::inRange(1, 3000), spread, coarse, *rc::gen::element(0., .5)});
  RC_PRE(*std::max_element(logits.begin(), logits.end()) > -inf);
  const FullSort expected(logits);
  const double margin = logits.size() <= 256 ? 1e-12 : 1e-6;
  Scores dense = scores_of(logits);
  Scores ranked = ranked_scores_of(logits);
  for (int i = 0; i <= 200; ++i) {
    const double u = i < 200 ? i / 200. : below_one;
    const Token wanted = expected.draw(u, margin);
    if (wanted < 0) continue;
    RC_ASSERT(dense.draw(u) == wanted);
    RC_ASSERT(ranked.draw(u) == wanted);
  }
}

// How much of the ranking is known already makes no difference, not even at a boundary.
RC_GTEST_PROP(Scores, DrawDoesNotDependOnHowMuchIsRanked, (unsigned seed, bool coarse)) {
  const auto n = *rc::gen::inRange(1, 3000);
  const Floats logits = random_scores(seed, {n, *rc::gen::element(.3f, 1.f, 3.f), coarse, 0});
  Scores all = scores_of(logits);
  const double first = all.probability(0);  // the sum is made before the ranking
  all.top(n);
  double cumulative = 0;
  for (int i = 0; i < n; i += 1 + i / 8) {
    cumulative += all.probability(all.top(i + 1)[i].id);
    for (const double u : {cumulative, std::nextafter(cumulative, 0.), std::nextafter(cumulative, 1.)}) {
      if (u >= 1) continue;
      Scores fresh = scores_of(logits);
      RC_ASSERT(fresh.probability(0) == first);
      RC_ASSERT(fresh.draw(u) == all.draw(u));
    }
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
  for (std::uint32_t i = 0; i < n; ++i) ++counts[scores.draw(uniform(7, 0, i, Stream::token))];
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

// ---- draws without replacement --------------------------------------------------------------------------------------

// The tokens that u = given numbers find, with the weights that were left.
std::vector<std::pair<Token, double>> drawn(Scores scores, std::vector<double> us) {
  std::vector<std::pair<Token, double>> found;
  std::size_t i = 0;
  scores.draw_distinct(
      static_cast<int>(us.size()), [&] { return us[i++]; },
      [&](const Candidate& each, double log_left) { found.emplace_back(each.id, std::exp(log_left)); });
  return found;
}

TEST(Scores, DrawsWithoutReplacementByHand) {
  const Floats logits{std::log(1.f), std::log(4.f), std::log(3.f), std::log(2.f)};  // ranked 1, 2, 3, 0
  const auto expect = [&](std::vector<double> us, std::vector<std::pair<Token, double>> expected) {
    const auto found = drawn(scores_of(logits), us);
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i].first, expected[i].first) << i;
      EXPECT_NEAR(found[i].second, expected[i].second, 1e-5) << i;
    }
  };
  expect({0, 0, 0, 0}, {{1, 10}, {2, 6}, {3, 3}, {0, 1}});
  expect({.95, .95, .95}, {{0, 10}, {3, 9}, {2, 7}});
  expect({.5, .7, .1, .9, .5}, {{2, 10}, {3, 7}, {1, 5}, {0, 1}});  // of four tokens a fifth cannot be drawn
}

// One token has nearly all of the mass: what is left is not the difference of two sums that are equal to sixteen
// digits.
TEST(Scores, DrawsWithoutReplacementBesideAGiant) {
  Floats logits(1000, -40);
  logits[7] = 0;
  logits[8] = -39;
  const auto found = drawn(scores_of(logits), {.3, 0, .5});
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].first, 7);
  EXPECT_EQ(found[1].first, 8);
  EXPECT_NEAR(found[1].second / (998 * std::exp(-40.) + std::exp(-39.)), 1, 1e-5);
  EXPECT_NEAR(found[2].second / (998 * std::exp(-40.)), 1, 2e-3);
  EXPECT_NEAR(found[2].first, 500, 2);
}

}  // namespace
}  // namespace decant
