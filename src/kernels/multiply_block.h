// Where the parts of a block of weights and of a panel are, for multiply_kernel.h and multiply_held.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "kernels/format.h"
#include "kernels/multiply.h"

namespace decant::kernels {

// A packed block of a panel: [column][32] int8, then for each column its scale and two numbers that depend on the type:
// with a bias, what the integer sums of the two halves start from (of both together, where a scale is for all 32
// inputs); with a minimum, the sum of the activations. Of a float type: [column][32] f32, or bf16.
inline constexpr int kPackedBlock = kBlock + 3 * 4;  // bytes per column of a quantised type

inline constexpr int kPrefetch = 4096;  // bytes ahead: a page, which the hardware's own prefetching does not cross

namespace {  // every instruction set has its own copies of these: never one for all

template <class Function, std::size_t... index>
void unroll(Function function, std::index_sequence<index...>) {
  (function(std::integral_constant<int, static_cast<int>(index)>()), ...);
}

template <class T>
T get(const std::byte* at, int column) {
  T value;
  std::memcpy(&value, at + column * sizeof(T), sizeof(T));
  return value;
}

// A block of a stripe, and the same inputs of the columns from some column on.
struct Block {
  const std::byte* group;
  int index;  // in its group
  const std::uint8_t* quants;
  const std::int8_t* activations;  // [column][32]
  const std::byte *factors, *numbers;
  int numbers_size;  // bytes from the first number of each column to the second
};

template <class Use>
void each_block(const Format& format, const std::byte* stripe, int inputs, const std::byte* panel, int width, int first,
                Use use) {
  const int blocks = format.blocks(inputs);
  const std::byte* group = stripe;
  for (int b = 0, i = 0; b < blocks; ++b, panel += width * kPackedBlock) {
    const auto* quants = reinterpret_cast<const std::uint8_t*>(group) + format.header + i * format.quant_bytes;
    for (int ahead = 0; ahead < format.quant_bytes; ahead += 64) __builtin_prefetch(quants + kPrefetch + ahead);
    const std::byte* factors = panel + width * kBlock + 4 * first;
    use(Block{group, i, quants, reinterpret_cast<const std::int8_t*>(panel) + first * kBlock, factors,
              factors + 4 * width, 4 * width});
    if (++i == format.group) {
      group += format.header + format.group * format.quant_bytes;
      i = 0;
    }
  }
}

}  // namespace
}  // namespace decant::kernels
