#include "numerics/similarity.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace decant {
namespace {

TEST(Similarity, CosinesAgainstTheDefinition) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  for (const std::size_t size : {1u, 2u, 31u, 32u, 33u, 576u}) {
    std::vector<std::vector<float>> vectors(9, std::vector<float>(size));
    Directions past(size);
    std::vector<float> unit(size);
    for (auto& vector : vectors) {
      for (float& x : vector) x = 100 * normal(random);
      ASSERT_TRUE(normalize(vector, unit));
      past.add(unit);
    }
    ASSERT_EQ(past.count(), 9u);
    std::vector<float> cosines(9);
    past.cosines(unit, cosines);  // of the last one
    for (std::size_t j = 0; j < 9; ++j) {
      double ab = 0, aa = 0, bb = 0;
      for (std::size_t i = 0; i < size; ++i) {
        ab += double{vectors[j][i]} * vectors[8][i];
        aa += double{vectors[j][i]} * vectors[j][i];
        bb += double{vectors[8][i]} * vectors[8][i];
      }
      EXPECT_NEAR(cosines[j], ab / std::sqrt(aa * bb), 1e-6);
    }
  }
}

TEST(Similarity, OnlyADirectionCanBeNormalized) {
  std::vector<float> unit(2);
  EXPECT_FALSE(normalize(std::vector<float>{0, 0}, unit));
  EXPECT_FALSE(normalize(std::vector<float>{1, NAN}, unit));
  EXPECT_FALSE(normalize(std::vector<float>{-INFINITY, 1}, unit));
  ASSERT_TRUE(normalize(std::vector<float>{3e-30f, 4e-30f}, unit));  // squares that float could not hold
  EXPECT_FLOAT_EQ(unit[0], 0.6f);
  EXPECT_FLOAT_EQ(unit[1], 0.8f);
  ASSERT_TRUE(normalize(std::vector<float>{-3e30f, 4e30f}, unit));
  EXPECT_FLOAT_EQ(unit[0], -0.6f);
}

}  // namespace
}  // namespace decant
