#include "numerics/philox.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace decant {
namespace {

// Known answers: the file kat_vectors of the authors' Random123 distribution.
TEST(Philox, AnswersTheAuthorsVectors) {
  constexpr std::uint32_t ff = 0xffffffff;
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({ff, ff, ff, ff}, {ff, ff}), (PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

// The draws of existing seeds must not change: the first from the vector above, by hand.
TEST(Philox, UniformIsTheFirstTwoWords) {
  const auto first = static_cast<Stream>(0);
  EXPECT_EQ(uniform(0, 0, 0, first), static_cast<double>(0xe169c58d6627e8d5 >> 11) / 9007199254740992.0);
  const PhiloxCounter bits = philox4x32({7, 3, 1, 0}, {0x89abcdef, 0x01234567});
  EXPECT_EQ(uniform(0x0123456789abcdef, 3, 7, Stream::accept),
            static_cast<double>((std::uint64_t{bits[1]} << 32 | bits[0]) >> 11) / 9007199254740992.0);
}

TEST(Philox, EveryCoordinateMatters) {
  std::set<double> draws;
  for (const std::uint64_t seed : {0ull, 1ull, 1ull << 32}) {
    for (const std::uint32_t sequence : {0u, 1u}) {
      for (const std::uint32_t position : {0u, 1u, 2u}) {
        for (const Stream stream : {Stream::accept, Stream::residual, Stream::processor}) {
          draws.insert(uniform(seed, sequence, position, stream));
        }
      }
    }
  }
  EXPECT_EQ(draws.size(), 3u * 2 * 3 * 3);
}

// 16 cells, 160,000 draws: the statistic has mean 15 and exceeds 44.3 with probability 1e-4. Deterministic.
TEST(Philox, UniformAlongPositionsAndSeeds) {
  for (const bool along_seeds : {false, true}) {
    std::array<int, 16> cells{};
    constexpr std::uint32_t n = 160000;
    for (std::uint32_t i = 0; i < n; ++i) {
      const double u = along_seeds ? uniform(i, 0, 5, Stream::processor) : uniform(42, 0, i, Stream::processor);
      ASSERT_TRUE(0 <= u && u < 1);
      ++cells[static_cast<std::size_t>(u * 16)];
    }
    double chi_square = 0;
    for (const int count : cells) chi_square += (count - n / 16.0) * (count - n / 16.0) / (n / 16.0);
    EXPECT_LT(chi_square, 44.3);
  }
}

}  // namespace
}  // namespace decant
