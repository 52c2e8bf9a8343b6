#include "numerics/gumbel.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <random>
#include <set>

#include "numerics/random_scores.h"

namespace decant {
namespace {

constexpr float inf = std::numeric_limits<float>::infinity();

// From Philox by hand: token t has word t / 64 % 4 of call t / 256 * 64 + t % 64.
TEST(GumbelNoise, IsItsFormula) {
  for (const Token token : {0, 1, 63, 64, 127, 128, 255, 256, 300, 49151, 151935, 1 << 20}) {
    for (const std::uint32_t position : {0u, 1u, 5000u}) {
      const auto id = static_cast<std::uint32_t>(token);
      const auto word = [&](Stream stream) {
        return philox4x32({position, 9, static_cast<std::uint32_t>(stream), id / 256 * 64 + id % 64},
                          {0x89abcdef, 0x01234567})[id / 64 % 4];
      };
      const std::uint64_t bits = std::uint64_t{word(Stream::noise)} << 32 | word(Stream::noise_low);
      const long double u = (static_cast<long double>(bits) + 0.5L) / 18446744073709551616.0L;
      const double expected = static_cast<double>(-std::log(-std::log(u)));
      EXPECT_NEAR(GumbelNoise(0x0123456789abcdef, 9, position)(token), expected, 1e-15 * std::max(1.0, expected));
      EXPECT_NE(GumbelNoise(0x0123456789abcdef, 9, position, Stream::draft_noise)(token), expected);
    }
  }
}

// Part of the promise "same seed, same text".
TEST(GumbelNoise, StaysWhatItIs) {
  EXPECT_NEAR(GumbelNoise(1, 0, 5)(0), 1.186616629782316, 1e-12);
  EXPECT_NEAR(GumbelNoise(1, 0, 5)(49151), -0.6113491259634753, 1e-12);
  EXPECT_NEAR(GumbelNoise(1ull << 40, 3, 1000)(77), -0.052089411823076845, 1e-12);
}

TEST(GumbelNoise, EveryCoordinateMatters) {
  std::set<double> noises;
  std::size_t n = 0;
  for (const std::uint64_t seed : {0ull, 1ull, 1ull << 32}) {
    for (const std::uint32_t sequence : {0u, 1u, 2u}) {
      for (const std::uint32_t position : {0u, 1u, 2u}) {
        for (const Stream stream : {Stream::noise, Stream::draft_noise}) {
          const GumbelNoise noise(seed, sequence, position, stream);
          for (Token token = 0; token < 600; ++token, ++n) noises.insert(noise(token));
        }
      }
    }
  }
  EXPECT_EQ(noises.size(), n);
}

// u = e^-e^-noise is uniform, and that of a token says nothing about that of another: 16 x 16 cells of pairs. The
// statistic has mean 255 and exceeds 370 with probability 3e-6. Deterministic.
TEST(GumbelNoise, PairsAreIndependent) {
  constexpr int n = 200000;
  const auto cell = [](double noise) { return static_cast<std::size_t>(16 * std::exp(-std::exp(-noise))); };
  const auto expect_uniform = [&](auto pair) {
    std::array<int, 256> cells{};
    for (int i = 0; i < n; ++i) {
      const auto [a, b] = pair(i);
      ++cells[16 * cell(a) + cell(b)];
    }
    double chi_square = 0;
    for (const int count : cells) chi_square += (count - n / 256.0) * (count - n / 256.0) / (n / 256.0);
    EXPECT_LT(chi_square, 370);
  };
  const GumbelNoise noise(4, 0, 17);
  for (const int distance : {1, 64, 256}) {
    expect_uniform([&](int i) { return std::pair(noise(i), noise(i + distance)); });
  }
  const auto at = [](std::uint64_t seed, int sequence, int position) {
    return GumbelNoise(seed, static_cast<std::uint32_t>(sequence), static_cast<std::uint32_t>(position))(70);
  };
  expect_uniform([&](int i) { return std::pair(at(4, 0, i), at(4, 0, i + 1)); });
  expect_uniform([&](int i) { return std::pair(at(4, i, 6), at(4, i + 1, 6)); });
  expect_uniform([&](int i) { return std::pair(at(static_cast<std::uint64_t>(i), 0, 6), at(4, 0, i)); });
}

// ---- who can win ----------------------------------------------------------------------------------------------------

std::set<std::size_t> survivors(const GumbelNoise& noise, Token first, std::span<const float> scores, double bar) {
  GumbelNoise::Survivors found, listed;
  noise.can_win(first, scores, bar, found);
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < scores.size(); ++i) candidates.push_back({first + static_cast<Token>(i), scores[i]});
  noise.can_win(candidates, bar, listed);
  EXPECT_EQ(found, listed);
  return {found.begin(), found.end()};
}

// Every token reaches its own sum; and few are looked at that do not reach it: a token is where its noise would have to
// be larger by less than twice what the straight lines differ by.
TEST(GumbelNoise, WhoeverReachesTheBarSurvives) {
  std::mt19937 generator(1);
  std::size_t reached = 0, kept = 0;
  for (std::uint32_t round = 0; round < 3000; ++round) {
    const std::size_t n = round % 3 ? 256 : 1 + generator() % 256;
    const float spread = std::array{0.f, .3f, 3.f, 30.f, 1e4f, 1e30f}[generator() % 6];
    std::vector<float> scores =
        random_scores(static_cast<unsigned>(generator()), {static_cast<int>(n), spread, round % 5 == 0, .1});
    const auto first = static_cast<Token>(256 * (generator() % 600));
    const GumbelNoise noise(generator(), static_cast<std::uint32_t>(generator() % 8),
                            static_cast<std::uint32_t>(generator() % 4096));
    const auto sum = [&](std::size_t i) { return double{scores[i]} + noise(first + static_cast<Token>(i)); };
    const std::size_t own = generator() % n;
    const double bar = scores[own] == -inf ? 5 : sum(own);
    const auto found = survivors(noise, first, scores, bar);
    for (std::size_t i = 0; i < n; ++i) {
      EXPECT_FALSE(scores[i] == -inf && found.contains(i));
      if (scores[i] == -inf || sum(i) < bar) continue;
      EXPECT_TRUE(found.contains(i)) << round << " " << i << ": " << sum(i) << " reaches " << bar;
      ++reached;
    }
    if (spread < 1e4f) kept += found.size();
  }
  EXPECT_GT(reached, 100000u);
  EXPECT_LT(kept, 2 * reached);
}

// Where it matters: a bar that one in a thousand reaches.
TEST(GumbelNoise, FewSurviveAHighBar) {
  const std::vector<float> scores(256, 2.5f);
  std::size_t kept = 0, reached = 0;
  for (std::uint32_t position = 0; position < 4000; ++position) {
    const GumbelNoise noise(3, 0, position);
    const auto found = survivors(noise, 512, scores, 2.5 + std::log(1000));
    kept += found.size();
    for (Token i = 0; i < 256; ++i) {
      if (noise(512 + i) < std::log(1000)) continue;
      ++reached;
      EXPECT_TRUE(found.contains(static_cast<std::size_t>(i)));
    }
  }
  EXPECT_NEAR(static_cast<double>(reached), 1024, 130);
  EXPECT_LT(kept, reached + reached / 10);
}

TEST(GumbelNoise, WithoutABarAllSurvive) {
  const std::vector<float> scores{1, -inf, -3e38f, 3e38f};
  EXPECT_EQ(survivors(GumbelNoise(1, 0, 0), 0, scores, -inf), (std::set<std::size_t>{0, 2, 3}));
  EXPECT_TRUE(survivors(GumbelNoise(1, 0, 0), 0, std::vector<float>(9, -inf), -inf).empty());
}

}  // namespace
}  // namespace decant
