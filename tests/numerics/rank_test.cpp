#include "numerics/rank.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <limits>

#include "numerics/random_scores.h"

namespace decant {
namespace {

using Candidates = std::vector<Candidate>;

TEST(Rank, ByHand) {
  Candidates list{{0, -1}, {1, 2}, {2, -0.f}, {3, 2}, {4, 0.f}, {5, 2.5f}};
  rank(list);
  EXPECT_EQ(list, (Candidates{{5, 2.5f}, {1, 2}, {3, 2}, {2, 0}, {4, 0}, {0, -1}}));
  Candidates none;
  rank(none);
  EXPECT_TRUE(none.empty());
}

TEST(Rank, CutsAfterTies) {
  const Candidates ranked{{5, 3}, {1, 2}, {3, 2}, {2, 1}};
  const std::vector<std::size_t> sizes{1, 3, 3, 4, 4};
  for (int k = 1; k <= 5; ++k) {
    Candidates list = ranked;
    cut_after_ties(list, k);
    EXPECT_EQ(list.size(), sizes[static_cast<std::size_t>(k - 1)]) << k;
  }
}

// Every sign, exponent and size of float, on both sides of the length at which the algorithm changes.
RC_GTEST_PROP(Rank, EqualsASort, ()) {
  const auto scores = *rc::gen::container<std::vector<float>>(
      *rc::gen::element<std::size_t>(3, 255, 256, 257, 1000),
      rc::gen::element(0.f, -0.f, 1.f, -1.f, 1.5f, 1e-45f, -1e-45f, 1e-38f, 3.4e38f, -3.4e38f, 2.0000002f, 2.f, -3.f));
  Candidates list;
  for (const float score : scores) list.push_back({static_cast<Token>(list.size()), score});
  Candidates expected = list;
  std::sort(expected.begin(), expected.end(), ranks_before);
  rank(list);
  RC_ASSERT(list == expected);
}

}  // namespace
}  // namespace decant
