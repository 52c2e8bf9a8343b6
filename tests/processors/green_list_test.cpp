#include "processors/green_list.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <numeric>
#include <random>

#include "base/error.h"
#include "processors/random_case.h"

namespace decant {
namespace {

// ---- by definition: 128-bit products, Euclidean remainders, whole permutations

__extension__ typedef __int128 Wide;

constexpr int table_size = 1000003;

Tokens permutation(std::uint64_t seed, int n) {
  std::mt19937 generator(static_cast<std::uint32_t>(seed));
  Tokens elements(static_cast<std::size_t>(n));
  std::iota(elements.begin(), elements.end(), 0);
  for (int i = 0; i < n - 1; ++i) {
    std::swap(elements[i], elements[i + static_cast<int>(generator() % static_cast<std::uint64_t>(n - i))]);
  }
  return elements;
}

std::uint64_t remainder(Wide seed) {
  const Wide modulus = (Wide{1} << 64) - 1;
  return static_cast<std::uint64_t>((seed % modulus + modulus) % modulus);
}

Tokens green_tokens(std::uint64_t seed, const WatermarkConfig& config, int n_vocab) {
  Tokens elements = permutation(seed, n_vocab);
  elements.resize(static_cast<std::size_t>(n_vocab * config.greenlist_ratio));
  return elements;
}

std::uint64_t left_seed(const WatermarkConfig& config, const Tokens& text) {
  return remainder(static_cast<Wide>(config.hashing_key) * text.back());
}

std::uint64_t self_seed(const WatermarkConfig& config, const Tokens& text, Token token, const Tokens& table) {
  std::int64_t smallest = std::numeric_limits<std::int64_t>::max();
  Tokens whole = text;
  whole.push_back(token);
  for (int back = 0; back < config.context_width; ++back) {
    const auto a = static_cast<std::uint64_t>(table[whole[whole.size() - 1 - back] % table_size] + 1);
    const auto b = static_cast<std::uint64_t>(table[token % table_size] + 1);
    smallest = std::min(smallest, static_cast<std::int64_t>(config.hashing_key * a * b));
  }
  return remainder(smallest);
}

// ----

TEST(GreenList, SizeIsRoundedDown) {
  const Tokens text{3};
  EXPECT_EQ(GreenList({.greenlist_ratio = .25}, 7).behind(text).size(), 1u);
  EXPECT_EQ(GreenList({.greenlist_ratio = .25}, 8).behind(text).size(), 2u);
  EXPECT_EQ(GreenList({.greenlist_ratio = .1}, 7).behind(text).size(), 0u);
  EXPECT_EQ(GreenList({.greenlist_ratio = .999}, 7).behind(text).size(), 6u);
}

TEST(GreenList, DependsOnTheLastTokenAndTheKey) {
  const GreenList list({}, 1000);
  EXPECT_EQ(list.behind(Tokens{1, 2, 3}), list.behind(Tokens{9, 3}));
  EXPECT_NE(list.behind(Tokens{3}), list.behind(Tokens{4}));
  EXPECT_NE(list.behind(Tokens{3}), GreenList({.hashing_key = 7}, 1000).behind(Tokens{3}));
}

TEST(GreenList, SelfhashDependsOnItsContext) {
  const GreenList narrow({.selfhash = true, .context_width = 1}, 1000);
  const GreenList wide({.selfhash = true, .context_width = 3}, 1000);
  int differences = 0;
  for (Token token = 0; token < 200; ++token) {
    EXPECT_EQ(narrow.contains(Tokens{}, token), narrow.contains(Tokens{1, 2}, token));
    EXPECT_EQ(wide.contains(Tokens{5, 1, 2}, token), wide.contains(Tokens{1, 2}, token));
    differences += wide.contains(Tokens{1, 2}, token) != wide.contains(Tokens{1, 7}, token);
  }
  EXPECT_GT(differences, 10);
}

TEST(GreenList, RejectsWhatMakesNoWatermark) {
  for (const double ratio : {0., 1., -.1, 1.1, std::nan("")}) {
    EXPECT_THROW(GreenList({.greenlist_ratio = ratio}, 10), Error) << ratio;
  }
  for (const double bias : {1e50, std::nan("")}) EXPECT_THROW(GreenList({.bias = bias}, 10), Error) << bias;
  for (const int width : {0, -1}) EXPECT_THROW(GreenList({.context_width = width}, 10), Error) << width;
}

RC_GTEST_PROP(GreenList, LefthashEqualsTheDefinition, (std::uint64_t key, unsigned seed)) {
  RandomCase c(seed);
  const Tokens text = c.ids(1, 5);
  for (const std::uint64_t hashing_key : {key, key >> 32, ~key >> 60, ~std::uint64_t{0} - (key & 3)}) {
    const WatermarkConfig config{.greenlist_ratio = .4, .hashing_key = hashing_key};
    const int n_vocab = c.n_vocab + 1000 * c.integer(0, 1);
    const Tokens expected = green_tokens(left_seed(config, text), config, n_vocab);
    const GreenList list(config, n_vocab);
    RC_ASSERT(list.behind(text) == expected);
    for (Token token = 0; token < n_vocab; ++token) RC_ASSERT(list.contains(text, token) == contains(expected, token));
  }
}

// Large ids, so that the remainder of key * id is taken.
RC_GTEST_PROP(GreenList, LargeProducts, (std::uint64_t key)) {
  constexpr int n_vocab = 300000;
  const Token last = *rc::gen::inRange(0, n_vocab);
  const WatermarkConfig config{.greenlist_ratio = 1e-4, .hashing_key = ~key};
  RC_ASSERT(GreenList(config, n_vocab).behind(Tokens{last}) ==
            green_tokens(left_seed(config, {last}), config, n_vocab));
}

// 0x9249249249249249 * 7 is 3 * 2^64 + (2^64 - 1), which is 3 modulo 2^64 - 1; 0x3333333333333333 * 5 is 2^64 - 1.
TEST(GreenList, ProductsAtTheModulus) {
  const auto seeded = [](std::uint64_t seed) { return green_tokens(seed, {}, 1000); };
  EXPECT_EQ(GreenList({.hashing_key = 0x9249249249249249}, 1000).behind(Tokens{7}), seeded(3));
  EXPECT_EQ(GreenList({.hashing_key = 0x3333333333333333}, 1000).behind(Tokens{5}), seeded(0));
  EXPECT_EQ(GreenList({.hashing_key = 0x3333333333333333}, 1000).behind(Tokens{6}), seeded(0x33333333));
}

// Seeds of either sign: the products run over.
TEST(GreenList, SelfhashEqualsTheDefinition) {
  int n_negative = 0;
  for (const std::uint64_t key : {std::uint64_t{15485863}, std::uint64_t{1} << 40, ~std::uint64_t{0} - 12345}) {
    const Tokens table = permutation(key, table_size);
    for (const int width : {1, 2, 4}) {
      RandomCase c(static_cast<unsigned>(width));
      const WatermarkConfig config{.greenlist_ratio = .3, .hashing_key = key, .selfhash = true, .context_width = width};
      const GreenList list(config, 500);
      for (int i = 0; i < 100; ++i) {
        Tokens text(6);
        for (Token& token : text) token = c.integer(0, 499);
        const Token token = c.integer(0, 499);
        const std::uint64_t seed = self_seed(config, text, token, table);
        n_negative += seed >> 63 ? 1 : 0;
        ASSERT_EQ(list.contains(text, token), contains(green_tokens(seed, config, 500), token)) << key << ' ' << width;
      }
    }
  }
  EXPECT_GT(n_negative, 100);
  EXPECT_LT(n_negative, 800);
}

}  // namespace
}  // namespace decant
