#include "numerics/quadrature.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "numerics/random_scores.h"

namespace decant {
namespace {

using Floats = std::vector<float>;

struct Sums {
  double z = 0, weighted = 0;  // sum e^(x/T), sum x e^(x/T), over e^(max/T)
};

template <class Each>
Sums sums(const Each& each, double max, double t) {
  Sums result;
  each([&](double x, double count) {
    const double e = count * std::exp((x - max) / t);
    result.z += e;
    result.weighted += x * e;
  });
  return result;
}

void expect_equal_sums(const Floats& x, double t, double tolerance) {
  GaussRule rule;
  const auto points = rule.of(x, 16);
  ASSERT_FALSE(points.empty());
  EXPECT_LE(points.size(), 16u);
  const double max = *std::max_element(x.begin(), x.end());
  const auto exact = sums(
      [&](auto f) {
        for (const float each : x)
          if (each > -1e30f) f(each, 1);
      },
      max, t);
  const auto found = sums(
      [&](auto f) {
        for (const auto& p : points) f(p.x, p.count);
      },
      max, t);
  EXPECT_NEAR(found.z / exact.z, 1, tolerance) << "T = " << t;
  EXPECT_NEAR(found.weighted - exact.weighted, 0, tolerance * exact.z * (1 + std::abs(max))) << "T = " << t;
}

TEST(Quadrature, FewValuesAreThemselves) {
  GaussRule rule;
  const auto points = rule.of(Floats{1, 3, 1, -std::numeric_limits<float>::infinity()}, 16);
  ASSERT_EQ(points.size(), 2u);
  EXPECT_NEAR(points[0].x, 3, 1e-9);
  EXPECT_NEAR(points[0].count, 1, 1e-9);
  EXPECT_NEAR(points[1].x, 1, 1e-9);
  EXPECT_NEAR(points[1].count, 2, 1e-9);
}

TEST(Quadrature, OneValueAndNone) {
  GaussRule rule;
  const auto points = rule.of(Floats(1000, 2.5f), 16);
  ASSERT_EQ(points.size(), 1u);
  EXPECT_NEAR(points[0].x, 2.5, 1e-12);
  EXPECT_NEAR(points[0].count, 1000, 1e-6);
  EXPECT_TRUE(rule.of(Floats{-std::numeric_limits<float>::infinity()}, 16).empty());
  EXPECT_TRUE(rule.of({}, 16).empty());
}

TEST(Quadrature, TheSumsOfAVocabularyAtAnyTemperature) {
  for (const float spread : {.3f, 2.f, 4.f}) {
    for (unsigned seed = 0; seed < 5; ++seed) {
      const Floats x = random_scores(seed, {49152, spread});
      for (const double t : {.7, 1., 1.5, 3., 100.}) expect_equal_sums(x, t, 1e-7);
    }
  }
}

TEST(Quadrature, ColdSumsAreCloseToo) {
  const Floats x = random_scores(1, {49152, 2});
  expect_equal_sums(x, .5, 1e-4);
}

}  // namespace
}  // namespace decant
