// Queries, cached keys and values, a mask: random or adversarial; what attention of them is in double precision, and
// how far from that the roundings of kernels/attention.h may lead.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "kernels/attention.h"

namespace decant::kernels {

struct Shape {
  int rows = 1, cells = 64, heads = 3, kv_heads = 1, key = 64, value = 64, streams = 1;
  double visible = 1;  // share of the cells that a row sees
  bool masked = true, sinks = false;
  float scale = 0.125f, max_bias = 0, softcap = 0;
};

struct AttentionCase {
  Shape shape;
  std::vector<float> queries;               // [stream][head][row][key]
  std::vector<std::uint16_t> keys, values;  // f16, [stream][cell][kv head][...], as libllama's cache has them
  std::vector<std::uint16_t> mask;          // f16, [stream][row][cell]
  std::vector<float> sinks;                 // [head]

  AttentionCase(const Shape& wanted, std::mt19937& random);

  std::size_t query_at(int stream, int head, int row) const;
  std::size_t key_at(int stream, int cell, int kv_head) const;
  std::size_t value_at(int stream, int cell, int kv_head) const;
  std::size_t mask_at(int stream, int row, int cell) const;
  std::size_t result_at(int stream, int row, int head) const;  // results: [stream][row][head][value], as ggml has them
  std::size_t results() const;
  void hide(int stream, int row, int cell);
  void see_only(int stream, int row, const std::vector<int>& cells);

  Attention attention(float* results) const;  // of this case, which must outlive it
};

// Every result, and the bound of its error.
struct Exact {
  std::vector<double> results, bounds;
};
Exact exact(const AttentionCase& c);

// By threads of its own, in a work buffer that is not a byte larger than planned and full of NaNs.
std::vector<float> compute(const AttentionCase& c, Isa isa, int threads = 1);
std::vector<float> compute(const AttentionCase& c, Isa isa,
                           AttentionPlan plan);  // split, block_rows, threads and chunk of it

}  // namespace decant::kernels
