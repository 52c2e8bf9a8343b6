// Rows of weights as a GGUF file has them, random or adversarial, and what ggml says they mean.
#pragma once

#include <ggml.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <vector>

#include "kernels/format.h"

namespace decant::kernels {

inline constexpr std::array kTypes = {GGML_TYPE_Q4_0, GGML_TYPE_Q4_1,   GGML_TYPE_Q5_0, GGML_TYPE_Q5_1,
                                      GGML_TYPE_Q8_0, GGML_TYPE_IQ4_NL, GGML_TYPE_Q4_K, GGML_TYPE_Q5_K,
                                      GGML_TYPE_Q6_K, GGML_TYPE_F16,    GGML_TYPE_BF16, GGML_TYPE_F32};

enum class Scales { ordinary, tiny, large, zero };  // tiny: subnormal f16 or f32

struct FileRows {
  ggml_type type;
  int inputs, rows;
  std::vector<std::byte> bytes;
  std::size_t row_bytes;
  std::vector<double> numbers;  // [row][input]
  double largest = 0;           // magnitude

  double at(int row, int input) const { return numbers[static_cast<std::size_t>(row) * inputs + input]; }
};

// Every bit of the quants and sub-scales is random, or every byte is `fill`; scales are of the size asked for, with
// either sign.
FileRows file_rows(ggml_type type, int inputs, int rows, Scales scales, std::mt19937& random,
                   std::optional<std::byte> fill = std::nullopt);

}  // namespace decant::kernels
