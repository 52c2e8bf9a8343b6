// How weights lie in memory for our kernels: re-laid, not requantised; every number of the file is kept.
//
// 16 output rows make a stripe (the last one is filled with zeros). Of a quantised type a stripe is a row of blocks of
// 16 outputs x 32 inputs, in groups: first the scales of the group's blocks, then their quants, so that memory is read
// in one direction and every vector lies on a cache line. Quants are unsigned; one 64-byte vector holds 4 neighbouring
// inputs of each of the 16 outputs, and 4-bit types have inputs 4j..4j+3 in the low nibbles of vector j and 16+4j.. in
// the high ones. Bits above the fourth follow: 1 (or 2) bits for each of those bytes. Scales of a block: 16 scales and,
// where the type has them, 16 minima (f16); of K types 16 + 16 bytes (6- or 8-bit sub-scales), and behind those of a
// group 16 + 16 f16 super-scales. Of a float type a stripe is [input][16 outputs], of BF16 [pair of inputs][16
// outputs][2]; a subnormal weight of BF16 counts as zero.
#pragma once

#include <cstddef>
#include <cstdint>

namespace decant::kernels {

enum class WeightType { q4_0, q4_1, q5_0, q5_1, q8_0, iq4_nl, q4_k, q5_k, q6_k, f16, bf16, f32 };

inline constexpr int kStripe = 16;  // outputs
inline constexpr int kBlock = 32;   // inputs
inline constexpr int kSuper = 8;    // blocks that share the super-scales of a K type: a group

struct Format {
  WeightType type;
  int quant_bytes;  // of a block of 16 x 32 (float types: of 16 weights)
  int scale_bytes;  // of a block, without super-scales
  int group;        // blocks
  int header;       // bytes: all scales of a group, filled up to a cache line
  int bias;         // what the quants are larger than the numbers they stand for
  bool minimum;     // weight = scale * quant - or + minimum
  bool halves;      // 16 inputs share a scale, not 32

  bool quantised() const { return type < WeightType::f16; }
  int blocks(int inputs) const { return inputs / kBlock; }
  std::size_t stripe_bytes(int inputs) const {
    if (!quantised())
      return static_cast<std::size_t>(type == WeightType::bf16 ? (inputs + 1) / 2 * 2 : inputs) * quant_bytes;
    const std::size_t n = static_cast<std::size_t>(blocks(inputs));
    return n * quant_bytes + (n + group - 1) / group * header;
  }
  std::size_t bytes(int inputs, std::int64_t outputs) const {
    return stripe_bytes(inputs) * static_cast<std::size_t>((outputs + kStripe - 1) / kStripe);
  }
};

const Format& format_of(WeightType type);

// Re-lays `row_count` rows (1 to 16) that lie `row_bytes` apart, each as in a GGUF file.
void lay_stripe(const Format& format, const std::byte* rows, std::size_t row_bytes, int inputs, int row_count,
                std::byte* stripe);

}  // namespace decant::kernels
