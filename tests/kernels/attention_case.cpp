#include "kernels/attention_case.h"

#include <ggml.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/attention_work.h"
#include "kernels/crew.h"

namespace decant::kernels {
namespace {

constexpr std::uint16_t kHidden = 0xfc00;  // -inf

std::vector<std::uint16_t> random_f16(std::size_t count, std::mt19937& random) {
  std::normal_distribution<float> normal;
  std::vector<std::uint16_t> numbers(count);
  for (auto& number : numbers) number = ggml_fp32_to_fp16(normal(random));
  return numbers;
}

double slope(const Shape& s, int head) {
  const double bias = static_cast<double>(s.max_bias);
  if (bias <= 0) return 1;
  int heads = 1;  // the largest power of two that is not more
  while (heads * 2 <= s.heads) heads *= 2;
  return head < heads ? std::pow(2.0, -bias * (head + 1) / heads)
                      : std::pow(2.0, -bias / 2 * (2 * (head - heads) + 1) / heads);
}

// 2^e is above all magnitudes; f16 below 2^-14 count as just below it.
int exponent(double largest) {
  int e = -14;
  while (std::ldexp(1.0, e) <= largest) ++e;
  return e;
}

struct Cell {
  double score, error, value_error;  // bounds: of the score, and of each value
  int exponent;
  const std::uint16_t* value;
};

void weigh(const AttentionCase& c, const std::vector<Cell>& cells, const float* sink, double* results, double* bounds) {
  const Shape& s = c.shape;
  double best = -std::numeric_limits<double>::infinity(), product = best, error = 0;
  for (const Cell& cell : cells) {
    best = std::max(best, cell.score);
    error = std::max(error, cell.error);
  }
  for (const Cell& cell : cells) product = std::max(product, (cell.score - best) / std::log(2.0) + cell.exponent);
  const double top = sink ? std::max<double>(best, *sink) : best;
  double denominator = sink ? std::exp(*sink - top) : 0;
  for (const Cell& cell : cells) denominator += std::exp(cell.score - top);
  for (int d = 0; d < s.value; ++d) {
    double sum = 0, spread = 0, rounded = 0;
    for (const Cell& cell : cells)
      sum += std::exp(cell.score - top) / denominator * static_cast<double>(ggml_fp16_to_fp32(cell.value[d]));
    for (const Cell& cell : cells) {
      const double p = std::exp(cell.score - top) / denominator;
      spread += p * std::abs(static_cast<double>(ggml_fp16_to_fp32(cell.value[d])) - sum);
      rounded += p * cell.value_error;
    }
    if (sink) spread += std::exp(*sink - top) / denominator * std::abs(sum);
    results[d] = sum;
    // Scores that are all wrong by up to `error` change the ratio of two weights by e^(2 error). The most that the
    // rounding of weights adds: half a unit of 2^-25 for each cell's part of the denominator, half a unit of 2^(E -
    // 24), E being at most 2 above the largest product, for its part of the sum.
    const double n = static_cast<double>(cells.size()), share = std::exp(best - top) / denominator;
    bounds[d] = std::expm1(2 * error) * spread + rounded +
                n * share * (std::abs(sum) * 0x1p-26 + std::ldexp(1.0, static_cast<int>(std::ceil(product)) + 2 - 25)) +
                std::abs(sum) * 0x1p-20;
  }
}

}  // namespace

AttentionCase::AttentionCase(const Shape& wanted, std::mt19937& random) : shape(wanted) {
  const Shape& s = shape;
  std::normal_distribution<float> normal;
  queries.resize(static_cast<std::size_t>(s.streams * s.heads * s.rows * s.key));
  for (float& number : queries) number = normal(random);
  keys = random_f16(static_cast<std::size_t>(s.streams * s.cells * s.kv_heads * s.key), random);
  values = random_f16(static_cast<std::size_t>(s.streams * s.cells * s.kv_heads * s.value), random);
  mask.assign(static_cast<std::size_t>(s.streams * s.rows * s.cells), 0);
  std::uniform_real_distribution<double> uniform;
  for (auto& number : mask) {
    if (uniform(random) >= s.visible) {
      number = kHidden;
    } else if (s.max_bias > 0) {
      number = ggml_fp32_to_fp16(-10 * static_cast<float>(uniform(random)));
    }
  }
  if (s.sinks) sinks.resize(static_cast<std::size_t>(s.heads));
  for (float& number : sinks) number = 3 * normal(random);
}

std::size_t AttentionCase::query_at(int stream, int head, int row) const {
  return static_cast<std::size_t>((stream * shape.heads + head) * shape.rows + row) * shape.key;
}
std::size_t AttentionCase::key_at(int stream, int cell, int kv_head) const {
  return static_cast<std::size_t>((stream * shape.cells + cell) * shape.kv_heads + kv_head) * shape.key;
}
std::size_t AttentionCase::value_at(int stream, int cell, int kv_head) const {
  return static_cast<std::size_t>((stream * shape.cells + cell) * shape.kv_heads + kv_head) * shape.value;
}
std::size_t AttentionCase::mask_at(int stream, int row, int cell) const {
  return static_cast<std::size_t>(stream * shape.rows + row) * shape.cells + cell;
}
std::size_t AttentionCase::result_at(int stream, int row, int head) const {
  return static_cast<std::size_t>((stream * shape.rows + row) * shape.heads + head) * shape.value;
}
std::size_t AttentionCase::results() const {
  return static_cast<std::size_t>(shape.streams * shape.rows * shape.heads * shape.value);
}

void AttentionCase::hide(int stream, int row, int cell) { mask[mask_at(stream, row, cell)] = kHidden; }

void AttentionCase::see_only(int stream, int row, const std::vector<int>& cells) {
  for (int cell = 0; cell < shape.cells; ++cell) hide(stream, row, cell);
  for (const int cell : cells) mask[mask_at(stream, row, cell)] = 0;
}

Attention AttentionCase::attention(float* results) const {
  const Shape& s = shape;
  const auto bytes = [](std::int64_t numbers, std::size_t size) { return static_cast<std::size_t>(numbers) * size; };
  const auto cells = [&](const std::vector<std::uint16_t>& from, int size) {
    return Cells{.data = reinterpret_cast<const char*>(from.data()),
                 .cell = bytes(s.kv_heads * size, 2),
                 .head = bytes(size, 2),
                 .stream = bytes(static_cast<std::int64_t>(s.cells) * s.kv_heads * size, 2),
                 .size = size,
                 .to_f16 = nullptr};
  };
  return {.streams = s.streams,
          .rows = s.rows,
          .heads = s.heads,
          .kv_heads = s.kv_heads,
          .cells = s.cells,
          .keys = cells(keys, s.key),
          .values = cells(values, s.value),
          .queries = reinterpret_cast<const char*>(queries.data()),
          .query_row = bytes(s.key, 4),
          .query_head = bytes(s.rows * s.key, 4),
          .query_stream = bytes(s.heads * s.rows * s.key, 4),
          .mask = s.masked ? reinterpret_cast<const char*>(mask.data()) : nullptr,
          .mask_row = bytes(s.cells, 2),
          .mask_stream = bytes(s.rows * s.cells, 2),
          .mask_streams = s.streams,
          .sinks = sinks.empty() ? nullptr : sinks.data(),
          .scale = s.scale,
          .max_bias = s.max_bias,
          .softcap = s.softcap,
          .results = reinterpret_cast<char*>(results),
          .result_row = bytes(s.heads * s.value, 4),
          .result_head = bytes(s.value, 4),
          .result_stream = bytes(s.rows * s.heads * s.value, 4)};
}

Exact exact(const AttentionCase& c) {
  const Shape& s = c.shape;
  Exact all{std::vector<double>(c.results()), std::vector<double>(c.results())};
  for (int stream = 0; stream < s.streams; ++stream) {
    for (int row = 0; row < s.rows; ++row) {
      for (int head = 0; head < s.heads; ++head) {
        const int kv_head = head / (s.heads / s.kv_heads);
        const float* query = &c.queries[c.query_at(stream, head, row)];
        double largest = 0, length = 0;  // of the query: the largest magnitude, the sum of magnitudes
        for (int i = 0; i < s.key; ++i) {
          largest = std::max(largest, std::abs(static_cast<double>(query[i])));
          length += std::abs(static_cast<double>(query[i]));
        }
        std::vector<Cell> cells;
        for (int i = 0; i < s.cells; ++i) {
          const double bias = s.masked ? static_cast<double>(ggml_fp16_to_fp32(c.mask[c.mask_at(stream, row, i)])) : 0;
          if (bias == -std::numeric_limits<double>::infinity()) continue;
          const std::uint16_t *key = &c.keys[c.key_at(stream, i, kv_head)],
                              *value = &c.values[c.value_at(stream, i, kv_head)];
          double score = 0, key_largest = 0, key_length = 0, value_largest = 0;
          for (int j = 0; j < s.key; ++j) {
            const double number = static_cast<double>(ggml_fp16_to_fp32(key[j]));
            score += number * static_cast<double>(query[j]);
            key_largest = std::max(key_largest, std::abs(number));
            key_length += std::abs(number);
          }
          for (int j = 0; j < s.value; ++j)
            value_largest = std::max(value_largest, std::abs(static_cast<double>(ggml_fp16_to_fp32(value[j]))));
          score *= static_cast<double>(s.scale);
          const int padded = (s.key + 31) / 32 * 32, e = exponent(value_largest);
          // Half a unit of each number of the query and of the key; f32 roundings after that.
          double error = std::abs(static_cast<double>(s.scale)) *
                         (key_length * largest / 2 / std::min(32766.0, 0x1p19 / padded - 1) +
                          (length + s.key * largest / 8191) * std::ldexp(1.0, exponent(key_largest) - 13));
          if (s.softcap != 0)
            score = static_cast<double>(s.softcap) * std::tanh(score / static_cast<double>(s.softcap));
          score += slope(s, head) * bias;
          error += 4 * 0x1p-24 * (std::abs(score) + std::abs(bias) + static_cast<double>(s.softcap)) + 0x1p-21;
          cells.push_back({score, error, std::ldexp(1.0, e - 12), e, value});
        }
        if (cells.empty()) continue;
        const std::size_t at = c.result_at(stream, row, head);
        weigh(c, cells, c.sinks.empty() ? nullptr : &c.sinks[static_cast<std::size_t>(head)], &all.results[at],
              &all.bounds[at]);
      }
    }
  }
  return all;
}

std::vector<float> compute(const AttentionCase& c, Isa isa, int threads) {
  float none = 0;
  return compute(c, isa, plan_attention(c.attention(&none), threads));
}

std::vector<float> compute(const AttentionCase& c, Isa isa, AttentionPlan plan) {
  std::vector<float> results(c.results(), -1);
  const Attention attention = c.attention(results.data());
  const AttentionSizes sizes(attention, plan);
  plan.bytes_per_thread = OwnWork(sizes, nullptr).bytes;
  plan.shared_bytes = plan.split ? BlockWork(sizes, nullptr).bytes : 0;
  std::vector<std::byte> work(plan.bytes(), std::byte{0xff});
  Crew crew(plan.threads);
  attend(isa)(attention, plan, work.data(), crew);
  return results;
}

}  // namespace decant::kernels
