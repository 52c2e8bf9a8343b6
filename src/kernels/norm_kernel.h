// The norm, for each file that is compiled for an instruction set of its own.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "kernels/norm.h"

namespace decant::kernels {

namespace {

using Float8 [[gnu::vector_size(32)]] = float;
using Double8 [[gnu::vector_size(64)]] = double;

inline void add_squares(const float* x, Double8& sum) {
  Float8 values;
  std::memcpy(&values, x, sizeof values);
  sum += __builtin_convertvector(values * values, Double8);
}

double sum_of_squares(const float* x, std::int64_t size) {
  Double8 sums[2] = {};
  std::int64_t i = 0;
  for (; i + 16 <= size; i += 16) {
    add_squares(x + i, sums[0]);
    add_squares(x + i + 8, sums[1]);
  }
  float rest[16] = {};  // a zero adds nothing
  if (i < size) std::memcpy(rest, x + i, static_cast<std::size_t>(size - i) * sizeof(float));
  add_squares(rest, sums[0]);
  add_squares(rest + 8, sums[1]);
  const Double8 sum = sums[0] + sums[1];
  return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
}

void norm(const float* x, std::int64_t size, float epsilon, float* y) {
  const auto mean = static_cast<float>(sum_of_squares(x, size) / static_cast<double>(size));
  const float scale = 1.0f / std::sqrt(mean + epsilon);
  for (std::int64_t i = 0; i < size; ++i) y[i] = x[i] * scale;
}

}  // namespace
}  // namespace decant::kernels
