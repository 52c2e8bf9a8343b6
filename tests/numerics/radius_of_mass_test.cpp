#include "numerics/radius_of_mass.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>

#include "numerics/random_scores.h"

namespace decant {
namespace {

constexpr float inf = std::numeric_limits<float>::infinity();
using Floats = std::vector<float>;

// Masses 1, e^-1, e^-2, e^-3 at the distances 1, 0, 1, 2.
TEST(RadiusOfMass, ByHand) {
  const Floats scores{0, -1, -2, -3};
  EXPECT_EQ(radius_of_mass(scores, 0, -1, .36), 0);
  EXPECT_EQ(radius_of_mass(scores, 0, -1, .38), 1);
  EXPECT_EQ(radius_of_mass(scores, 0, -1, 1.5), 1);
  EXPECT_EQ(radius_of_mass(scores, 0, -1, 1.52), 2);
  EXPECT_EQ(radius_of_mass(scores, 0, -1, 1.56), inf);
}

TEST(RadiusOfMass, WhatIsRemovedHasNoMass) {
  EXPECT_EQ(radius_of_mass(Floats{-inf, 4, -inf, 4}, 4, 4, 2), 0);
  EXPECT_EQ(radius_of_mass(Floats{-inf, 4, -inf, 2}, 4, 4, 1.1), 2);
  EXPECT_EQ(radius_of_mass(Floats{-inf, 4, -inf, 4}, 4, 4, 2.1), inf);
  EXPECT_EQ(radius_of_mass(Floats{}, 0, 0, .1), inf);
}

// Far outside of the octaves that are told apart.
TEST(RadiusOfMass, ExtremeDistances) {
  EXPECT_EQ(radius_of_mass(Floats{0, 0x1p-30f, 0x1p-20f, -0x1p-19f}, 0x1p-20f, 0, 2.5), 0x1p-20f);
  EXPECT_EQ(radius_of_mass(Floats{3e38f, 3e38f, 2e38f}, 3e38f, 0, 1.5), 3e38f);
}

// From the definition, with every element at most so far added up. Where rounding decides, next to the mass at one of
// the distances, nothing is compared.
RC_GTEST_PROP(RadiusOfMass, EqualsAFullSort, (unsigned seed, bool coarse)) {
  const auto n = *rc::gen::inRange(1, 3000);
  const auto spread = *rc::gen::element(.001f, .3f, 3.f, 10.f);
  Floats scores = random_scores(seed, {n, spread, coarse, *rc::gen::element(0., .5)});
  scores[0] = 0;
  const float max = *std::max_element(scores.begin(), scores.end());
  const float centre = max - spread * static_cast<float>(*rc::gen::inRange(0, 200)) / 100;
  double total = 0;
  for (const float score : scores) total += std::exp(double{score} - max);
  std::sort(scores.begin(), scores.end(),
            [centre](float a, float b) { return std::abs(a - centre) < std::abs(b - centre); });
  for (const double share : {.01, .3, .7, .95}) {
    double sum = 0;
    float expected = inf;
    bool clear = true;
    for (const float score : scores) {
      sum += std::exp(double{score} - max);
      if (std::abs(sum / total - share) < 1e-6) clear = false;
      if (sum >= share * total) {
        expected = std::abs(score - centre);
        break;
      }
    }
    if (clear) RC_ASSERT(radius_of_mass(scores, max, centre, share * total) == expected);
  }
}

}  // namespace
}  // namespace decant
