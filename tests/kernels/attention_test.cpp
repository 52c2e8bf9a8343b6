// Results near those of double precision, and the same bits however the work is cut and wherever the cells lie.
#include "kernels/attention.h"

#include <ggml.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "kernels/attention_case.h"

namespace decant::kernels {
namespace {

using Numbers = std::vector<float>;
constexpr float kInfinity = std::numeric_limits<float>::infinity(), kNan = std::numeric_limits<float>::quiet_NaN();

Isa fastest() { return available_isas().back(); }

void expect_exact(const AttentionCase& c, const char* what) {
  const Numbers results = compute(c, fastest());
  const Exact reference = exact(c);
  for (std::size_t i = 0; i < results.size(); ++i) {
    ASSERT_TRUE(std::abs(static_cast<double>(results[i]) - reference.results[i]) <= reference.bounds[i])
        << what << ": " << i << " is " << results[i] << ", not " << reference.results[i] << " +- "
        << reference.bounds[i];
  }
}

// Bits, so that NaNs compare.
::testing::AssertionResult same_bits(const Numbers& a, const Numbers& b) {
  if (a.size() != b.size()) return ::testing::AssertionFailure() << a.size() << " and " << b.size() << " numbers";
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) ? !std::isnan(b[i]) : a[i] != b[i])
      return ::testing::AssertionFailure() << i << ": " << a[i] << " and " << b[i];
  }
  return ::testing::AssertionSuccess();
}

std::vector<Shape> shapes() {
  return {{},
          {.rows = 8, .cells = 300, .heads = 9, .kv_heads = 3, .visible = 0.7},
          {.rows = 5, .cells = 77, .heads = 4, .kv_heads = 4, .key = 80, .value = 96, .visible = 0.5},
          {.rows = 3, .cells = 513, .heads = 2, .kv_heads = 2, .key = 128, .value = 128, .sinks = true},
          {.rows = 2, .cells = 40, .heads = 8, .kv_heads = 1, .key = 192, .value = 128, .visible = 0.9, .softcap = 5},
          {.rows = 2, .cells = 50, .heads = 1, .kv_heads = 1, .key = 576, .value = 512, .scale = 0.04f},
          {.rows = 4, .cells = 64, .heads = 12, .kv_heads = 6, .key = 32, .value = 32, .visible = 0.8, .max_bias = 8},
          {.rows = 7,
           .cells = 90,
           .heads = 3,
           .kv_heads = 3,
           .key = 40,
           .value = 72,
           .streams = 3,
           .visible = 0.6,
           .sinks = true},
          {.rows = 2, .cells = 33, .heads = 2, .kv_heads = 1, .key = 2, .value = 6, .masked = false, .scale = 0.7f},
          {.rows = 64, .cells = 257, .heads = 2, .kv_heads = 1, .visible = 0.3},
          {.rows = 130, .cells = 200, .heads = 3, .kv_heads = 1, .visible = 0.5}};
}

class AttentionTest : public testing::Test {
 protected:
  std::mt19937 random_{5};
};

TEST_F(AttentionTest, IsNearDoublePrecision) {
  for (const Shape& shape : shapes()) {
    for (const float size : {0.01f, 1.0f, 30.0f}) {  // of queries: from nearly equal weights to one cell that has all
      AttentionCase c(shape, random_);
      for (float& q : c.queries) q *= size;
      expect_exact(c, ("keys of " + std::to_string(shape.key) + ", queries times " + std::to_string(size)).c_str());
    }
  }
}

TEST_F(AttentionTest, IsNearDoublePrecisionWithCellsOfVeryDifferentSizes) {
  for (const Shape& shape : shapes()) {
    AttentionCase c(shape, random_);
    for (int cell = 0; cell < shape.cells; ++cell) {
      const float factor = std::ldexp(1.0f, static_cast<int>(random_() % 24) - 16);
      for (std::size_t i = c.value_at(0, cell, 0); i < c.value_at(0, cell + 1, 0); ++i)
        c.values[i] = ggml_fp32_to_fp16(factor * ggml_fp16_to_fp32(c.values[i]));
      for (std::size_t i = c.key_at(0, cell, 0); i < c.key_at(0, cell + 1, 0); ++i)
        c.keys[i] = ggml_fp32_to_fp16(std::min(factor, 4.0f) * ggml_fp16_to_fp32(c.keys[i]));
    }
    expect_exact(c, ("keys of " + std::to_string(shape.key)).c_str());
  }
}

// Whole chunks of the same extreme: the sums within int32 reach their largest.
TEST_F(AttentionTest, HoldsTheLargestSums) {
  AttentionCase c({.rows = 2, .cells = 1024, .key = 64}, random_);
  std::ranges::fill(c.queries, -3.0f);
  for (const std::uint16_t extreme : std::vector<std::uint16_t>{
           0x7bff, 0x3fff, 0x0400, 0x03ff, 0x0001}) {  // 65504, 1.999, the smallest normal, subnormals
    std::ranges::fill(c.keys, 0x3fff);
    std::ranges::fill(c.values, extreme);
    expect_exact(c, "positive");
    for (const float result : compute(c, fastest()))
      ASSERT_NEAR(result, ggml_fp16_to_fp32(extreme),
                  ggml_fp16_to_fp32(extreme) * 1e-6 + (extreme < 0x400 ? 0x1p-26 : 0));
    std::ranges::fill(c.keys, static_cast<std::uint16_t>(0x7bff));
    std::ranges::fill(c.values, static_cast<std::uint16_t>(extreme | 0x8000));
    for (const float result : compute(c, fastest()))
      ASSERT_NEAR(result, -ggml_fp16_to_fp32(extreme),
                  ggml_fp16_to_fp32(extreme) * 1e-6 + (extreme < 0x400 ? 0x1p-26 : 0));
  }
}

// The same with the largest weights as integers: those of cells a little below the best one, which itself has no value.
TEST_F(AttentionTest, HoldsTheLargestWeights) {
  AttentionCase c({.rows = 1, .cells = 1024, .heads = 1, .key = 32, .value = 32, .scale = 1}, random_);
  std::ranges::fill(c.queries, 0.0f);
  c.queries[0] = 1;
  std::ranges::fill(c.keys, std::uint16_t{0});
  std::ranges::fill(c.values, std::uint16_t{0x3fff});
  std::fill_n(c.values.begin(), 32, std::uint16_t{0});
  for (int step = 0; step < 64; ++step) {
    c.keys[0] = ggml_fp32_to_fp16(static_cast<float>(step) / 64);
    expect_exact(c, std::to_string(step).c_str());
  }
}

TEST_F(AttentionTest, TakesTheValueOfTheOnlyCell) {
  AttentionCase c({.rows = 3, .cells = 400}, random_);
  for (auto& v : c.values)
    v = static_cast<std::uint16_t>((v & 0x83ff) | 0x3c00);  // 1 <= |v| < 2: rounding loses nothing
  const int cells[] = {0, 255, 399};
  for (int row = 0; row < 3; ++row) c.see_only(0, row, {cells[row]});
  const Numbers results = compute(c, fastest());
  for (int row = 0; row < 3; ++row) {
    for (int head = 0; head < 3; ++head) {
      for (int d = 0; d < 64; ++d) {
        ASSERT_EQ(results[c.result_at(0, row, head) + d], ggml_fp16_to_fp32(c.values[c.value_at(0, cells[row], 0) + d]))
            << row << ", " << d;
      }
    }
  }
}

TEST_F(AttentionTest, SharesTiesEvenlyHoweverLargeTheScores) {
  for (const float size : {0.0f, 1.0f, -300.0f, 1e4f, -1e5f, 1e8f, -1e30f}) {
    AttentionCase c({.rows = 1, .cells = 512, .scale = 1}, random_);
    std::ranges::fill(c.keys, 0x3c00);  // 1
    for (float& q : c.queries) q = size / 64;
    double sum = 0;
    for (int cell = 0; cell < 512; ++cell) {
      std::ranges::fill(c.values.begin() + static_cast<std::ptrdiff_t>(c.value_at(0, cell, 0)),
                        c.values.begin() + static_cast<std::ptrdiff_t>(c.value_at(0, cell, 0)) + 64,
                        ggml_fp32_to_fp16(static_cast<float>(cell % 7)));
      sum += cell % 7;
    }
    for (const float result : compute(c, fastest())) ASSERT_NEAR(result, sum / 512, 1e-5) << size;
  }
}

TEST_F(AttentionTest, IsZeroWithoutACell) {
  for (const bool sinks : {false, true}) {
    AttentionCase c({.rows = 4, .cells = 100, .visible = 0.5, .sinks = sinks}, random_);
    c.see_only(0, 2, {});
    for (const bool split : {false, true}) {
      const Numbers results = compute(
          c, fastest(), {.split = split, .block_rows = 4, .threads = 2, .bytes_per_thread = 0, .shared_bytes = 0});
      for (std::size_t i = c.result_at(0, 2, 0); i < c.result_at(0, 3, 0); ++i) ASSERT_EQ(results[i], 0.0f);
    }
    AttentionCase empty({.rows = 2, .cells = 0}, random_);
    for (const float result : compute(empty, fastest())) ASSERT_EQ(result, 0.0f);
  }
}

TEST_F(AttentionTest, GivesTheSameBitsHoweverTheWorkIsCut) {
  for (const Shape& shape : shapes()) {
    const AttentionCase c(shape, random_);
    const Numbers expected = compute(c, Isa::plain);
    for (const Isa isa : available_isas()) {
      for (const int threads : {1, 2, 3}) {
        ASSERT_TRUE(same_bits(compute(c, isa, threads), expected)) << isa_name(isa) << ", " << threads << " threads";
        if (isa == Isa::plain) continue;
        for (const bool split : {false, true}) {
          for (const auto& [rows, chunk] : {std::pair{1, kChunk}, {3, 32}, {3, 96}, {64, kChunk}}) {
            const AttentionPlan plan{.split = split,
                                     .block_rows = rows,
                                     .threads = threads,
                                     .chunk = chunk,
                                     .bytes_per_thread = 0,
                                     .shared_bytes = 0};
            ASSERT_TRUE(same_bits(compute(c, isa, plan), expected))
                << isa_name(isa) << ", " << threads << " threads, blocks of " << rows << ", chunks of " << chunk
                << (split ? ", split" : "") << ", keys of " << shape.key;
          }
        }
      }
    }
  }
}

// The row alone in a cache that has the cells it sees and no others.
AttentionCase alone(const AttentionCase& c, int stream, int row, std::mt19937& random) {
  const Shape& s = c.shape;
  std::vector<int> seen;
  for (int cell = 0; cell < s.cells; ++cell) {
    if (c.mask[c.mask_at(stream, row, cell)] != 0xfc00) seen.push_back(cell);
  }
  std::ranges::shuffle(seen, random);
  Shape one = s;
  one.rows = one.streams = 1;
  one.cells = static_cast<int>(seen.size());
  AttentionCase result(one, random);
  result.sinks = c.sinks;
  for (int head = 0; head < s.heads; ++head) {
    std::copy_n(c.queries.begin() + static_cast<std::ptrdiff_t>(c.query_at(stream, head, row)), s.key,
                result.queries.begin() + static_cast<std::ptrdiff_t>(result.query_at(0, head, 0)));
  }
  for (int i = 0; i < one.cells; ++i) {
    std::copy_n(c.keys.begin() + static_cast<std::ptrdiff_t>(c.key_at(stream, seen[static_cast<std::size_t>(i)], 0)),
                s.kv_heads * s.key, result.keys.begin() + static_cast<std::ptrdiff_t>(result.key_at(0, i, 0)));
    std::copy_n(
        c.values.begin() + static_cast<std::ptrdiff_t>(c.value_at(stream, seen[static_cast<std::size_t>(i)], 0)),
        s.kv_heads * s.value, result.values.begin() + static_cast<std::ptrdiff_t>(result.value_at(0, i, 0)));
    result.mask[result.mask_at(0, 0, i)] = c.mask[c.mask_at(stream, row, seen[static_cast<std::size_t>(i)])];
  }
  return result;
}

TEST_F(AttentionTest, GivesARowTheSameBitsInAnyCompany) {
  for (Shape shape : shapes()) {
    shape.masked = true;
    shape.visible = std::min(shape.visible, 0.8);
    const AttentionCase c(shape, random_);
    const Numbers together = compute(c, fastest(), 2);
    for (int stream = 0; stream < shape.streams; ++stream) {
      for (int row = 0; row < std::min(shape.rows, 9); ++row) {
        const auto from = together.begin() + static_cast<std::ptrdiff_t>(c.result_at(stream, row, 0));
        ASSERT_TRUE(
            same_bits(compute(alone(c, stream, row, random_), fastest()), {from, from + shape.heads * shape.value}))
            << row << " of stream " << stream;
      }
    }
  }
}

TEST_F(AttentionTest, GivesTheSameBitsAtTheBordersOfChunks) {
  for (const int cells : {1, 2, 15, 16, 17, 255, 256, 257, 511, 512, 513}) {
    AttentionCase c({.rows = 2, .cells = cells, .heads = 2, .kv_heads = 1, .key = 32, .value = 32, .visible = 1},
                    random_);
    expect_exact(c, std::to_string(cells).c_str());
    const Numbers expected = compute(c, fastest());
    ASSERT_TRUE(same_bits(compute(c, Isa::plain, 2), expected)) << cells;
    AttentionCase later(
        {.rows = 2, .cells = cells + 777, .heads = 2, .kv_heads = 1, .key = 32, .value = 32, .visible = 0},
        random_);  // behind other cells
    later.queries = c.queries;
    std::ranges::copy(c.keys, later.keys.begin() + static_cast<std::ptrdiff_t>(later.key_at(0, 777, 0)));
    std::ranges::copy(c.values, later.values.begin() + static_cast<std::ptrdiff_t>(later.value_at(0, 777, 0)));
    for (int row = 0; row < 2; ++row) {
      for (int cell = 777; cell < cells + 777; ++cell) later.mask[later.mask_at(0, row, cell)] = 0;
    }
    ASSERT_TRUE(same_bits(compute(later, fastest(), 2), expected)) << cells;
  }
}

TEST_F(AttentionTest, IgnoresWhatIsInHiddenCells) {
  for (const std::uint16_t rubbish :
       std::vector<std::uint16_t>{0x7e00, 0x7c00, 0xfc00, 0x7bff}) {  // NaN, infinities, 65504
    AttentionCase c({.rows = 3, .cells = 600, .visible = 0.5}, random_);
    const auto hidden = [&](int cell) { return cell % 3 == 1 || cell / 64 == 2; };
    for (int row = 0; row < 3; ++row) {
      for (int cell = 0; cell < 600; ++cell) {
        if (hidden(cell)) c.hide(0, row, cell);
      }
    }
    const Numbers expected = compute(c, fastest());
    for (int cell = 0; cell < 600; ++cell) {
      if (!hidden(cell)) continue;
      std::fill_n(c.keys.begin() + static_cast<std::ptrdiff_t>(c.key_at(0, cell, 0)), 64, rubbish);
      std::fill_n(c.values.begin() + static_cast<std::ptrdiff_t>(c.value_at(0, cell, 0)), 64, rubbish);
    }
    for (const Isa isa : available_isas())
      ASSERT_TRUE(same_bits(compute(c, isa, 2), expected)) << isa_name(isa) << ", " << rubbish;
  }
}

TEST_F(AttentionTest, IsNanForThoseWhoSeeANumberThatIsNone) {
  for (const std::uint16_t number : std::vector<std::uint16_t>{0x7e00, 0x7c00, 0xfc00}) {
    for (const bool in_key : {false, true}) {
      AttentionCase c({.rows = 4, .cells = 300}, random_);
      c.hide(0, 1, 290);
      const Numbers clean = compute(c, fastest());
      if (in_key) {
        c.keys[c.key_at(0, 290, 0) + 7] = number;
      } else {
        c.values[c.value_at(0, 290, 0) + 7] = number;
      }
      for (const Isa isa : available_isas()) {
        const Numbers results = compute(c, isa, 2);
        for (std::size_t i = 0; i < results.size(); ++i) {
          const bool sees = i / (3 * 64) != 1;
          ASSERT_EQ(std::isnan(results[i]), sees) << isa_name(isa) << ", " << i;
          if (!sees) {
            ASSERT_EQ(results[i], clean[i]);
          }
        }
      }
    }
  }
}

TEST_F(AttentionTest, IsNanForAQueryThatHasOne) {
  for (const float number : {kNan, kInfinity, -kInfinity}) {
    AttentionCase c({.rows = 4, .cells = 300}, random_);
    const Numbers clean = compute(c, fastest());
    c.queries[c.query_at(0, 1, 2) + 63] = number;
    for (const Isa isa : available_isas()) {
      const Numbers results = compute(c, isa, 2);
      for (std::size_t i = 0; i < results.size(); ++i) {
        if (i / 64 == 2 * 3 + 1) {
          ASSERT_TRUE(std::isnan(results[i]));
        } else {
          ASSERT_EQ(results[i], clean[i]);
        }
      }
    }
  }
}

TEST_F(AttentionTest, HoldsQueriesAndValuesOfAnySize) {
  for (const float size : {1e-45f, 1e-38f, 1e-30f, 1e5f, 1e7f, 1e30f, 1e36f}) {
    AttentionCase c({.rows = 2, .cells = 300}, random_);
    for (float& q : c.queries) q = q > 0 ? size : -size;
    const Numbers results = compute(c, fastest());
    for (const float result : results)
      ASSERT_LE(std::abs(result), 8.0f) << size;  // a mean of the values, whatever the weights
    for (const Isa isa : available_isas())
      ASSERT_TRUE(same_bits(compute(c, isa, 2), results)) << isa_name(isa) << ", " << size;
  }
}

// The work buffer of the longest context that is in use, in bytes.
TEST_F(AttentionTest, NeedsLittleMemoryForManyCells) {
  for (const int rows : {1, 16, 512}) {
    const Attention a{.streams = 1,
                      .rows = rows,
                      .heads = 32,
                      .kv_heads = 8,
                      .cells = 131072,
                      .keys = {.size = 128},
                      .values = {.size = 128}};
    EXPECT_LE(plan_attention(a, 16).bytes(), std::size_t{128} << 20) << rows;
  }
}

}  // namespace
}  // namespace decant::kernels
