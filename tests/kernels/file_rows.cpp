#include "kernels/file_rows.h"

#define GGML_COMMON_DECL_C
#include <ggml-common.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace decant::kernels {
namespace {

struct Draw {
  std::mt19937& random;
  Scales size;

  float scale() {
    const float sign = random() % 2 ? 1.0f : -1.0f, mantissa = 1.0f + static_cast<float>(random() % 1024) / 1024;
    switch (size) {
      case Scales::ordinary:
        return sign * mantissa * 0x1p-7f;
      case Scales::tiny:
        return sign * static_cast<float>(random() % 1024) * 0x1p-24f;
      case Scales::large:
        return sign * mantissa * 0x1p14f;  // up to the largest f16
      case Scales::zero:
        return 0.0f;
    }
    return 0.0f;
  }
  std::uint16_t half() { return ggml_fp32_to_fp16(scale()); }
};

template <class Block, class Set>
void each_block(FileRows& rows, Set set) {
  for (std::size_t at = 0; at < rows.bytes.size(); at += sizeof(Block)) {
    Block block;
    std::memcpy(&block, rows.bytes.data() + at, sizeof block);
    set(block);
    std::memcpy(rows.bytes.data() + at, &block, sizeof block);
  }
}

void set_scales(FileRows& rows, Draw draw) {
  const auto one = [&](auto& block) { block.d = draw.half(); };
  const auto two = [&](auto& block) { block.d = draw.half(), block.m = draw.half(); };
  const auto super = [&](auto& block) { block.d = draw.half(), block.dmin = draw.half(); };
  switch (rows.type) {
    case GGML_TYPE_Q4_0:
      return each_block<block_q4_0>(rows, one);
    case GGML_TYPE_Q4_1:
      return each_block<block_q4_1>(rows, two);
    case GGML_TYPE_Q5_0:
      return each_block<block_q5_0>(rows, one);
    case GGML_TYPE_Q5_1:
      return each_block<block_q5_1>(rows, two);
    case GGML_TYPE_Q8_0:
      return each_block<block_q8_0>(rows, one);
    case GGML_TYPE_IQ4_NL:
      return each_block<block_iq4_nl>(rows, one);
    case GGML_TYPE_Q4_K:
      return each_block<block_q4_K>(rows, super);
    case GGML_TYPE_Q5_K:
      return each_block<block_q5_K>(rows, super);
    case GGML_TYPE_Q6_K:
      return each_block<block_q6_K>(rows, one);
    case GGML_TYPE_F16:
      return each_block<ggml_fp16_t>(rows, [&](auto& weight) { weight = draw.half(); });
    case GGML_TYPE_BF16:
      return each_block<ggml_bf16_t>(rows, [&](auto& weight) { weight = ggml_fp32_to_bf16(draw.scale()); });
    case GGML_TYPE_F32:
      return each_block<float>(rows, [&](auto& weight) { weight = draw.scale(); });
    default:
      GGML_ABORT("not a type of ours");
  }
}

}  // namespace

FileRows file_rows(ggml_type type, int inputs, int rows, Scales scales, std::mt19937& random,
                   std::optional<std::byte> fill) {
  FileRows made{.type = type,
                .inputs = inputs,
                .rows = rows,
                .bytes = {},
                .row_bytes = ggml_row_size(type, inputs),
                .numbers = {},
                .largest = 0};
  made.bytes.resize(made.row_bytes * static_cast<std::size_t>(rows));
  for (std::byte& byte : made.bytes) byte = fill.value_or(static_cast<std::byte>(random()));
  set_scales(made, {random, scales});
  std::vector<float> row(static_cast<std::size_t>(inputs));
  for (int r = 0; r < rows; ++r) {
    const std::byte* from = made.bytes.data() + made.row_bytes * static_cast<std::size_t>(r);
    if (type == GGML_TYPE_F32) {
      std::memcpy(row.data(), from, made.row_bytes);
    } else {
      ggml_get_type_traits(type)->to_float(from, row.data(), inputs);
    }
    made.numbers.insert(made.numbers.end(), row.begin(), row.end());
  }
  for (const double number : made.numbers) made.largest = std::max(made.largest, std::abs(number));
  return made;
}

}  // namespace decant::kernels
