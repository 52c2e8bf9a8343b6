#include "numerics/log_sum_exp.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "numerics/random_scores.h"

namespace decant {
namespace {

constexpr float inf = std::numeric_limits<float>::infinity();

struct Exact {
  long double sum = 0, weighted = 0;
};

Exact exact(const std::vector<float>& x, float max) {
  Exact total;
  for (const float score : x) {
    const long double d = static_cast<long double>(score) - max;
    if (score == -inf) continue;
    total.sum += std::exp(d);
    total.weighted += d * std::exp(d);
  }
  return total;
}

double relative_error(double value, long double truth) { return static_cast<double>(std::abs(value / truth - 1)); }

TEST(LogSumExp, ByHand) {
  EXPECT_DOUBLE_EQ(log_sum_exp(std::vector<float>{0, 0, 0, 0}).value, std::log(4));
  EXPECT_DOUBLE_EQ(log_sum_exp(std::vector<float>{5}).value, 5);
  EXPECT_DOUBLE_EQ(log_sum_exp(std::vector<float>{1, -inf, 1}).value, 1 + std::log(2));
  EXPECT_DOUBLE_EQ(log_sum_exp(std::vector<double>{std::log(2), std::log(3)}), std::log(5));
  EXPECT_EQ(log_sum_exp(std::vector<double>{}), -inf);
  EXPECT_EQ(log_sum_exp(std::vector<double>{-inf, -inf}), -inf);
}

TEST(LogSumExp, LargeScoresDoNotOverflow) {
  EXPECT_DOUBLE_EQ(log_sum_exp(std::vector<float>{3e38f, 3e38f}).value, 3e38f);
  EXPECT_DOUBLE_EQ(log_sum_exp(std::vector<float>{3e38f, -3e38f}).value, 3e38f);
  std::vector<float> wide(1000, -3e38f);
  wide[500] = 3e38f;
  EXPECT_DOUBLE_EQ(log_sum_exp(wide).value, 3e38f);
}

TEST(LogSumExp, SaysWhenNothingIsLeftAndWhenSomethingIsNotANumber) {
  for (const std::size_t n : {3u, 1000u}) {
    std::vector<float> x(n, -inf);
    EXPECT_TRUE(log_sum_exp(x).valid);
    EXPECT_EQ(log_sum_exp(x).max, -inf);
    EXPECT_EQ(log_sum_exp(x).value, -inf);
    EXPECT_EQ(entropy(x), 0);
    x[n - 1] = inf;
    EXPECT_FALSE(log_sum_exp(x).valid);
    x[n - 1] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_FALSE(log_sum_exp(x).valid);
  }
  EXPECT_EQ(log_sum_exp(std::span<const float>()).value, -inf);
}

TEST(LogSumExp, EntropyByHand) {
  EXPECT_DOUBLE_EQ(entropy(std::vector<float>{2, 2, 2, 2}), std::log(4));
  EXPECT_DOUBLE_EQ(entropy(std::vector<float>{1, -inf, -inf}), 0);
  EXPECT_DOUBLE_EQ(entropy(std::vector<float>{0, -inf, 0}), std::log(2));
  EXPECT_NEAR(entropy(std::vector<float>(1000, -4)), std::log(1000), 1e-9);
  EXPECT_EQ(entropy(std::vector<float>(1000, -inf)), 0);
}

// Where a float sum goes wrong: many equal terms, slow decay, one term that dwarfs the rest, narrow and wide spreads.
TEST(LogSumExp, LongSumsWithinOnePartInAMillion) {
  std::vector<std::vector<float>> lists;
  for (const int n : {257, 512, 1000, 49152, 151936}) {
    for (const float spread : {1e-4f, .1f, 1.f, 3.f, 10.f, 100.f}) lists.push_back(random_scores(1, {n, spread}));
    std::vector<float> ramp(static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < ramp.size(); ++i) ramp[i] = -20.f * static_cast<float>(i) / static_cast<float>(n);
    lists.push_back(ramp);
    std::vector<float> level(static_cast<std::size_t>(n), -.34657f);  // worst remainder of the exponential
    level[0] = 0;
    lists.push_back(level);
  }
  double worst = 0;
  for (const auto& x : lists) {
    const float max = *std::max_element(x.begin(), x.end());
    const ExpSum sums = exp_sum(x, max);
    const Exact truth = exact(x, max);
    worst = std::max(worst, relative_error(sums.sum, truth.sum));
    const double true_entropy = static_cast<double>(std::log(truth.sum) - truth.weighted / truth.sum);
    EXPECT_NEAR(sums.entropy(), true_entropy, 1e-6 * std::max(1.0, true_entropy));
  }
  EXPECT_LT(worst, 1e-6);
  RecordProperty("worst_relative_error", std::to_string(worst * 1e6) + "e-6");
}

// One exponential at a time, alone in a long list, as far down as anything can matter to a sum.
TEST(LogSumExp, EachExponentialWithinOnePartInAMillion) {
  std::vector<float> x(300, -inf);
  for (float d = 0; d < 60; d += .00731f) {
    x[40] = -d;
    ASSERT_LT(relative_error(exp_sum(x, 0).sum, std::exp(-static_cast<long double>(d))), 1e-6) << d;
  }
}

RC_GTEST_PROP(LogSumExp, ShiftMovesTheSumAndNotTheEntropy, (unsigned seed)) {
  auto x = random_scores(seed, {*rc::gen::inRange(1, 3000), 2, true, .1});  // quarters: the shift is exact
  const LogSum before = log_sum_exp(x);
  RC_PRE(before.max > -inf);
  const double entropy_before = entropy(x);
  for (float& score : x) score += 64;
  RC_ASSERT(std::abs(log_sum_exp(x).value - 64 - before.value) < 1e-12);
  RC_ASSERT(entropy(x) == entropy_before);
}

}  // namespace
}  // namespace decant
