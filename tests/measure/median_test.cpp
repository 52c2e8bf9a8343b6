#include "measure/median.h"

#include <gtest/gtest.h>

namespace decant {
namespace {

TEST(Median, IsTheMiddleOrTheMeanOfTheTwoThere) {
  EXPECT_EQ(median({7}), 7);
  EXPECT_EQ(median({9, 1, 5}), 5);
  EXPECT_EQ(median({9, 1, 5, 2}), 3.5);
}

TEST(Median, RatiosAreThoseOfTheRounds) {
  EXPECT_EQ(median_ratio({2, 30, 8}, {1, 10, 2}), 3);  // 2, 3, 4; the ratio of the medians is 4
}

}  // namespace
}  // namespace decant
