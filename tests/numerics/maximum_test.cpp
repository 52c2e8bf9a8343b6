#include "numerics/maximum.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <limits>

#include "numerics/multiversion.h"
#include "numerics/random_scores.h"

namespace decant {
namespace {

constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

TEST(Maximum, ArgmaxIsTheFirstOfEquals) {
  EXPECT_EQ(argmax(std::vector<float>{1, 3, 2, 3}), 1);
  EXPECT_EQ(argmax(std::vector<float>{-inf, -2, -inf, -2}), 1);
  EXPECT_EQ(argmax(std::vector<float>{-0.f, 0.f}), 0);
  EXPECT_EQ(argmax(std::vector<float>{-3.4e38f}), 0);
  for (const std::size_t first : {0u, 31u, 32u, 1023u, 1024u, 1500u}) {
    std::vector<float> x(2000, 1);
    x[first] = x[1999] = 7;
    EXPECT_EQ(argmax(x), static_cast<int>(first));
  }
}

TEST(Maximum, ArgmaxOfNothingIsMinusOne) {
  EXPECT_EQ(argmax({}), -1);
  EXPECT_EQ(argmax(std::vector<float>(100, -inf)), -1);
}

TEST(Maximum, ScanFindsEveryNanAndInfinityWhereverItStands) {
  for (const std::size_t n : {1u, 31u, 32u, 33u, 100u}) {
    for (std::size_t at = 0; at < n; ++at) {
      std::vector<float> x(n, -1);
      x[at] = nan;
      EXPECT_FALSE(scan(x).valid) << n << ' ' << at;
      x[at] = inf;
      EXPECT_FALSE(scan(x).valid) << n << ' ' << at;
      x[at] = std::numeric_limits<float>::max();
      EXPECT_TRUE(scan(x).valid);
      EXPECT_EQ(scan(x).max, std::numeric_limits<float>::max());
      x[at] = -inf;
      EXPECT_TRUE(scan(x).valid);
      EXPECT_EQ(scan(x).max, n == 1 ? -inf : -1);
    }
  }
  EXPECT_TRUE(scan({}).valid);
  EXPECT_EQ(scan({}).max, -inf);
}

RC_GTEST_PROP(Maximum, EqualsTheStandardLibrary, (unsigned seed, bool coarse)) {
  const auto x = random_scores(seed, {*rc::gen::inRange(1, 5000), 3, coarse, .01});
  const auto largest = std::max_element(x.begin(), x.end());
  RC_ASSERT(scan(x).valid);
  RC_ASSERT(scan(x).max == *largest);
  if (*largest > -inf) RC_ASSERT(argmax(x) == largest - x.begin());
}

RC_GTEST_PROP(Maximum, ColumnMaximaCoverEveryElementOnce, (unsigned seed)) {
  const auto x = random_scores(seed, {*rc::gen::inRange(1, 5000)});
  const auto rows = *rc::gen::inRange<std::size_t>(5, 12);
  std::vector<float> maxima(1024, 99);
  const std::size_t count = column_maxima(x, rows, maxima);
  RC_ASSERT(count % lanes == 0u);
  std::vector<float> expected(count, -inf);
  for (std::size_t i = 0; i < x.size(); ++i) {
    float& max = expected.at(i / (rows * lanes) * lanes + i % lanes);
    max = std::max(max, x[i]);
  }
  maxima.resize(count);
  RC_ASSERT(maxima == expected);
}

}  // namespace
}  // namespace decant
