#include "numerics/deviation.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "numerics/random_scores.h"

namespace decant {
namespace {

constexpr float removed = -std::numeric_limits<float>::infinity();
using Floats = std::vector<float>;

TEST(StandardDeviation, ByHand) {
  EXPECT_EQ(standard_deviation(Floats{0, 2, 0, 2}, 0), 1);
  EXPECT_EQ(standard_deviation(Floats{0, 2, removed, 0, 2, removed}, 2), 1);
  EXPECT_EQ(standard_deviation(Floats{-7}, -7), 0);
  EXPECT_EQ(standard_deviation(Floats{removed, removed}, 0), 0);
  EXPECT_EQ(standard_deviation(Floats{}, 0), 0);
}

TEST(StandardDeviation, FarFromZero) { EXPECT_EQ(standard_deviation(Floats{1e6f, 1e6f + 2}, 1e6f), 1); }

RC_GTEST_PROP(StandardDeviation, EqualsTwoPasses, (unsigned seed, bool coarse)) {
  const auto n = *rc::gen::inRange(1, 3000);
  const Floats x = random_scores(seed, {n, *rc::gen::element(.1f, 3.f), coarse, *rc::gen::element(0., .5)});
  double count = 0, mean = 0, squares = 0;
  float near = 0;
  for (const float value : x) {
    if (value > removed) mean += value, ++count, near = value;
  }
  RC_PRE(count > 0);
  mean /= count;
  for (const float value : x) {
    if (value > removed) squares += (value - mean) * (value - mean);
  }
  RC_ASSERT(std::abs(standard_deviation(x, near) - std::sqrt(squares / count)) < 1e-9);
}

}  // namespace
}  // namespace decant
