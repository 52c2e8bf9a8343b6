// The two type tables of GGUF: what a metadata value can be, and how ggml lays out a tensor's elements in blocks.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace decant {

// clang-format off
enum class GgufType : std::uint32_t {
  u8, i8, u16, i16, u32, i32, f32, boolean, string, array, u64, i64, f64,
};
// clang-format on

// Bytes of one element; 0 for strings and arrays, which say their own size, and for what is no type at all.
constexpr std::uint64_t gguf_type_size(GgufType type) {
  constexpr std::array<std::uint8_t, 13> sizes = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  const auto id = static_cast<std::uint32_t>(type);
  return id < sizes.size() ? sizes[id] : 0;
}

struct TensorType {
  std::string_view name;    // "" for ids that ggml has retired
  std::int64_t block = 0;   // elements per block: a row is a whole number of blocks
  std::uint64_t bytes = 0;  // bytes per block
};

// Indexed by ggml_type.
// clang-format off
inline constexpr std::array<TensorType, 43> kTensorTypes = {{
    {"f32", 1, 4},       {"f16", 1, 2},       {"q4_0", 32, 18},    {"q4_1", 32, 20},     {},
    {},                  {"q5_0", 32, 22},    {"q5_1", 32, 24},    {"q8_0", 32, 34},     {"q8_1", 32, 36},
    {"q2_K", 256, 84},   {"q3_K", 256, 110},  {"q4_K", 256, 144},  {"q5_K", 256, 176},   {"q6_K", 256, 210},
    {"q8_K", 256, 292},  {"iq2_xxs", 256, 66}, {"iq2_xs", 256, 74}, {"iq3_xxs", 256, 98}, {"iq1_s", 256, 50},
    {"iq4_nl", 32, 18},  {"iq3_s", 256, 110}, {"iq2_s", 256, 82},  {"iq4_xs", 256, 136}, {"i8", 1, 1},
    {"i16", 1, 2},       {"i32", 1, 4},       {"i64", 1, 8},       {"f64", 1, 8},        {"iq1_m", 256, 56},
    {"bf16", 1, 2},      {},                  {},                  {},                   {"tq1_0", 256, 54},
    {"tq2_0", 256, 66},  {},                  {},                  {},                   {"mxfp4", 32, 17},
    {"nvfp4", 64, 36},   {"q1_0", 128, 18},   {"q2_0", 64, 18},
}};
// clang-format on

}  // namespace decant
