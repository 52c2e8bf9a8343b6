// Tested by tests/kernels/format_test.cpp.
#include "kernels/format.h"

#define GGML_COMMON_DECL_C
#include <ggml-common.h>

#include <cstring>

namespace decant::kernels {
namespace {

constexpr Format kFormats[] = {
    {WeightType::q4_0, 256, 32, 2, 64, 8, false, false},       {WeightType::q4_1, 256, 64, 1, 64, 0, true, false},
    {WeightType::q5_0, 320, 32, 2, 64, 16, false, false},      {WeightType::q5_1, 320, 64, 1, 64, 0, true, false},
    {WeightType::q8_0, 512, 32, 2, 64, 128, false, false},     {WeightType::iq4_nl, 256, 32, 2, 64, 128, false, false},
    {WeightType::q4_k, 256, 32, kSuper, 320, 0, true, false},  {WeightType::q5_k, 320, 32, kSuper, 320, 0, true, false},
    {WeightType::q6_k, 384, 32, kSuper, 320, 32, false, true}, {WeightType::f16, 32, 0, 1, 0, 0, false, false},
    {WeightType::bf16, 32, 0, 1, 0, 0, false, false},          {WeightType::f32, 64, 0, 1, 0, 0, false, false},
};

// One row of one block, as its type has it in a file.
struct RowBlock {
  std::uint8_t quants[kBlock];
  std::uint16_t scale = 0, minimum = 0;   // f16: the block's, or of a K type the super-block's
  std::uint8_t sub_scale = 0, other = 0;  // of K types: sub-scale, and sub-minimum or the second half's sub-scale
};

void low_and_high(const std::uint8_t* bytes, std::uint8_t* quants) {
  for (int i = 0; i < 16; ++i) {
    quants[i] = bytes[i] & 15;
    quants[i + 16] = bytes[i] >> 4;
  }
}

void add_fifth_bits(const std::uint8_t* high, std::uint8_t* quants) {
  for (int i = 0; i < kBlock; ++i) quants[i] |= static_cast<std::uint8_t>((high[i / 8] >> (i % 8) & 1) << 4);
}

// The 6-bit sub-scales and sub-minima of Q4_K and Q5_K: four of each in plain bytes whose upper bits the others share.
void sub_scales(const std::uint8_t* packed, int i, RowBlock& block) {
  if (i < 4) {
    block.sub_scale = packed[i] & 63;
    block.other = packed[i + 4] & 63;
  } else {
    block.sub_scale = static_cast<std::uint8_t>((packed[i + 4] & 15) | (packed[i - 4] >> 6 << 4));
    block.other = static_cast<std::uint8_t>((packed[i + 4] >> 4) | (packed[i] >> 6 << 4));
  }
}

template <class Block>
void read_k(const Block& from, int i, RowBlock& block) {
  block.scale = from.d;
  block.minimum = from.dmin;
  sub_scales(from.scales, i, block);
  for (int l = 0; l < kBlock; ++l) block.quants[l] = from.qs[i / 2 * 32 + l] >> (i % 2 * 4) & 15;
}

template <class Block>
const Block& at(const std::byte* row, int block) {
  return reinterpret_cast<const Block*>(row)[block];
}

void read(WeightType type, const std::byte* row, int b, RowBlock& block) {
  const int i = b % kSuper;
  switch (type) {
    case WeightType::q4_0:
    case WeightType::iq4_nl: {
      const auto& from = at<block_q4_0>(row, b);
      block.scale = from.d;
      return low_and_high(from.qs, block.quants);
    }
    case WeightType::q4_1: {
      const auto& from = at<block_q4_1>(row, b);
      block.scale = from.d, block.minimum = from.m;
      return low_and_high(from.qs, block.quants);
    }
    case WeightType::q5_0: {
      const auto& from = at<block_q5_0>(row, b);
      block.scale = from.d;
      low_and_high(from.qs, block.quants);
      return add_fifth_bits(from.qh, block.quants);
    }
    case WeightType::q5_1: {
      const auto& from = at<block_q5_1>(row, b);
      block.scale = from.d, block.minimum = from.m;
      low_and_high(from.qs, block.quants);
      return add_fifth_bits(from.qh, block.quants);
    }
    case WeightType::q8_0: {
      const auto& from = at<block_q8_0>(row, b);
      block.scale = from.d;
      for (int l = 0; l < kBlock; ++l) block.quants[l] = static_cast<std::uint8_t>(from.qs[l] ^ -128);
      return;
    }
    case WeightType::q4_k:
      return read_k(at<block_q4_K>(row, b / kSuper), i, block);
    case WeightType::q5_k: {
      const auto& from = at<block_q5_K>(row, b / kSuper);
      read_k(from, i, block);
      for (int l = 0; l < kBlock; ++l) block.quants[l] |= static_cast<std::uint8_t>((from.qh[l] >> i & 1) << 4);
      return;
    }
    case WeightType::q6_k: {  // halves of 128; in each, 32 low nibbles, 32 more, then the high nibbles of both
      const auto& from = at<block_q6_K>(row, b / kSuper);
      const int half = i / 4, part = i % 4;
      block.scale = from.d;
      block.sub_scale = static_cast<std::uint8_t>(from.scales[2 * i]);
      block.other = static_cast<std::uint8_t>(from.scales[2 * i + 1]);
      for (int l = 0; l < kBlock; ++l) {
        const int low = from.ql[64 * half + 32 * (part % 2) + l] >> (part / 2 * 4) & 15;
        block.quants[l] = static_cast<std::uint8_t>(low | (from.qh[32 * half + l] >> (2 * part) & 3) << 4);
      }
      return;
    }
    default:
      return;
  }
}

void put_f16(std::byte* at, int row, std::uint16_t value) { std::memcpy(at + 2 * row, &value, 2); }

// Row `row` of block `i` of a group. The stripe is all zeros before.
void put(const Format& format, const RowBlock& block, int i, int row, std::byte* group) {
  auto* quants = reinterpret_cast<std::uint8_t*>(group) + format.header + i * format.quant_bytes + 4 * row;
  if (format.quant_bytes == 512) {
    for (int four = 0; four < 8; ++four) std::memcpy(quants + 64 * four, block.quants + 4 * four, 4);
  } else {
    for (int k = 0; k < 16; ++k) {
      quants[k / 4 * 64 + k % 4] = static_cast<std::uint8_t>((block.quants[k] & 15) | block.quants[k + 16] << 4);
    }
  }
  const int bits = format.quant_bytes == 320 ? 1 : format.quant_bytes == 384 ? 2 : 0;
  for (int k = 0; bits && k < kBlock; ++k) {  // four k / 4: its bits' place in the byte, and of two bits which vector
    const int place = k / 4 * bits;
    quants[256 + place / 8 * 64 + k % 4] |= static_cast<std::uint8_t>(block.quants[k] >> 4 << (place % 8));
  }
  std::byte* scales = group + i * format.scale_bytes;
  if (format.group == kSuper) {
    scales[row] = static_cast<std::byte>(block.sub_scale);
    scales[row + kStripe] = static_cast<std::byte>(block.other);
    scales = group + kSuper * format.scale_bytes;
  }
  put_f16(scales, row, block.scale);
  if (format.minimum) put_f16(scales + 2 * kStripe, row, block.minimum);
}

template <int size>
void interleave(const std::byte* rows, std::size_t row_bytes, int inputs, int row_count, std::byte* stripe) {
  for (int row = 0; row < row_count; ++row) {
    for (int k = 0; k < inputs; ++k)
      std::memcpy(stripe + (k * kStripe + row) * size, rows + row * row_bytes + k * size, size);
  }
}

void interleave_bf16(const std::byte* rows, std::size_t row_bytes, int inputs, int row_count, std::byte* stripe) {
  for (int row = 0; row < row_count; ++row) {
    for (int k = 0; k < inputs; ++k) {
      std::uint16_t weight;
      std::memcpy(&weight, rows + row * row_bytes + 2 * k, 2);
      if ((weight & 0x7f80) == 0) weight &= 0x8000;
      std::memcpy(stripe + 2 * ((k / 2 * kStripe + row) * 2 + k % 2), &weight, 2);
    }
  }
}

}  // namespace

const Format& format_of(WeightType type) { return kFormats[static_cast<int>(type)]; }

void lay_stripe(const Format& format, const std::byte* rows, std::size_t row_bytes, int inputs, int row_count,
                std::byte* stripe) {
  std::memset(stripe, 0, format.stripe_bytes(inputs));
  if (!format.quantised()) {
    if (format.type == WeightType::bf16) return interleave_bf16(rows, row_bytes, inputs, row_count, stripe);
    return format.quant_bytes == 4 * kStripe ? interleave<4>(rows, row_bytes, inputs, row_count, stripe)
                                             : interleave<2>(rows, row_bytes, inputs, row_count, stripe);
  }
  RowBlock block;
  const int group_bytes = format.header + format.group * format.quant_bytes;
  for (int row = 0; row < row_count; ++row) {
    for (int b = 0; b < format.blocks(inputs); ++b) {
      read(format.type, rows + row * row_bytes, b, block);
      put(format, block, b % format.group, row, stripe + static_cast<std::ptrdiff_t>(b / format.group) * group_bytes);
    }
  }
}

}  // namespace decant::kernels
