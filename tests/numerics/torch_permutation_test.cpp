#include "numerics/torch_permutation.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace decant {
namespace {

using Elements = std::vector<std::int32_t>;

struct Golden {
  std::int32_t n;
  std::uint64_t seed;
  Elements first;
  std::uint32_t sum;  // of (place + 1) * element, modulo 2^32
};

std::uint32_t weighted_sum(const Elements& elements) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < elements.size(); ++i) sum += static_cast<std::uint32_t>((i + 1) * elements[i]);
  return sum;
}

// What torch 2.13 answers: torch.randperm(n, generator=torch.Generator().manual_seed(seed)).
TEST(TorchPermutation, EqualsTorch) {
  const Golden goldens[] = {
      {1, 0, {0}, 0},
      {2, 0, {0, 1}, 2},
      {2, 1, {1, 0}, 1},
      {5, 0, {4, 0, 1, 3, 2}, 29},
      {5, 15485863, {3, 1, 4, 0, 2}, 27},
      {64, 15485863, {62, 23, 53, 19, 37}, 67187},
      {29999, 1, {5550, 1684, 29531, 27479, 11347}, 992981501},
      {30000, 1, {5845, 8907, 16390, 13940, 11331}, 1860477359},
      {49152, 0, {2732, 29836, 36535, 27990, 27215}, 3314838101},
      {49152, 15485863, {1726, 21449, 34601, 19398, 43529}, 76076292},
      {49152, 18446744073709551614u, {28058, 43340, 42153, 29702, 24743}, 1427797088},
      {59999, 3, {18414, 51173, 43818, 54186, 30489}, 3796450470},
      {60001, 3, {59560, 41049, 2431, 53924, 48836}, 3828674727},
      {151936, 0, {940, 121510, 65257, 60785, 79619}, 1654204565},
      {151936, 15485863, {130622, 20351, 50567, 119725, 130033}, 2174933627},
      {151936, 8589934597, {55011, 130150, 63293, 100388, 113334}, 3197121767},
      {1000003, 15485863, {138280, 994103, 467886, 915329, 149437}, 1838361207},
  };
  for (const Golden& golden : goldens) {
    const Elements all = torch_permutation(golden.seed, golden.n, golden.n);
    ASSERT_EQ(all.size(), static_cast<std::size_t>(golden.n));
    EXPECT_TRUE(std::equal(golden.first.begin(), golden.first.end(), all.begin())) << golden.n << ' ' << golden.seed;
    EXPECT_EQ(weighted_sum(all), golden.sum) << golden.n << ' ' << golden.seed;
  }
}

TEST(TorchPermutation, NothingAndOne) {
  EXPECT_EQ(torch_permutation(5, 0, 0), Elements{});
  EXPECT_EQ(torch_permutation(5, 1, 0), Elements{});
  EXPECT_EQ(torch_permutation(5, 1, 1), Elements{0});
  EXPECT_FALSE(torch_permutation_begins_with(5, 1, 0, 0));
  EXPECT_TRUE(torch_permutation_begins_with(5, 1, 1, 0));
}

TEST(TorchPermutation, TheLowHalfOfTheSeedCounts) {
  EXPECT_EQ(torch_permutation(7, 50, 50), torch_permutation((std::uint64_t{9} << 32) + 7, 50, 50));
  EXPECT_NE(torch_permutation(7, 50, 50), torch_permutation(8, 50, 50));
}

RC_GTEST_PROP(TorchPermutation, ItsPartsAgree, (std::uint64_t seed)) {
  const auto n = *rc::gen::inRange(1, 60);
  const auto count = *rc::gen::inRange(0, n + 1);
  const Elements all = torch_permutation(seed, n, n);
  const Elements some = torch_permutation(seed, n, count);
  RC_ASSERT(std::equal(some.begin(), some.end(), all.begin()));
  RC_ASSERT(some.size() == static_cast<std::size_t>(count));
  for (std::int32_t element = 0; element < n; ++element) {
    RC_ASSERT(std::count(all.begin(), all.end(), element) == 1);
    const bool is_among = std::count(some.begin(), some.end(), element) == 1;
    RC_ASSERT(torch_permutation_begins_with(seed, n, count, element) == is_among);
  }
}

}  // namespace
}  // namespace decant
