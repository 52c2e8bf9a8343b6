// Vectors of 16 lanes in plain C++: the reference that the other instruction sets must equal bit for bit.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace decant::kernels {

inline float f32_of_f16(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000) << 16, magnitude = half & 0x7fff;
  std::uint32_t bits;
  if (magnitude >= 0x7c00) {
    bits = 0x7f800000 | (magnitude << 13);  // infinities and NaNs
  } else if (magnitude >= 0x0400) {
    bits = (magnitude << 13) + (112u << 23);
  } else {
    const float value = static_cast<float>(magnitude) * 0x1p-24f;
    std::memcpy(&bits, &value, sizeof bits);
  }
  bits |= sign;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

inline float f32_of_bf16(std::uint16_t upper) {
  const std::uint32_t bits = static_cast<std::uint32_t>(upper) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// To the nearest, to even; a subnormal number counts as zero.
inline std::uint16_t bf16_of_f32(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  if ((bits & 0x7f800000) == 0) return static_cast<std::uint16_t>((bits & 0x80000000) >> 16);
  if (value != value) return static_cast<std::uint16_t>(bits >> 16 | 0x40);
  return static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

namespace {  // each file that includes this is compiled for its own instruction set

struct Plain {
  static constexpr int lanes = 16;
  static constexpr int max_columns = 8;
  using F = std::array<float, 16>;
  using I = std::array<std::int32_t, 16>;  // also 64 bytes: four of each lane

  static F zero() { return {}; }
  static F set(float value) {
    return map([&](int) { return value; });
  }
  static F load(const float* p) {
    return map([&](int i) { return p[i]; });
  }
  static F load_f16(const std::uint16_t* p) {
    return map([&](int i) { return f32_of_f16(p[i]); });
  }
  static F load_u8(const std::uint8_t* p) {
    return map([&](int i) { return static_cast<float>(p[i]); });
  }
  static F load_i8(const std::int8_t* p) {
    return map([&](int i) { return static_cast<float>(p[i]); });
  }
  static void store(float* p, const F& a) { std::memcpy(p, a.data(), sizeof a); }
  static F mul(const F& a, const F& b) {
    return map([&](int i) { return a[i] * b[i]; });
  }
  static F add(const F& a, const F& b) {
    return map([&](int i) { return a[i] + b[i]; });
  }
  static F fma(const F& a, const F& b, const F& c) {
    return map([&](int i) { return std::fma(a[i], b[i], c[i]); });
  }
  static F to_float(const I& a) {
    return map([&](int i) { return static_cast<float>(a[i]); });
  }

  static I set(std::int32_t value) {
    I a;
    a.fill(value);
    return a;
  }
  static I load_bytes(const std::uint8_t* p) {
    I a;
    std::memcpy(a.data(), p, sizeof a);
    return a;
  }
  static I low_nibbles(const I& a) {
    return bytes([&](int i) { return byte(a, i) & 15; });
  }
  static I high_nibbles(const I& a) {
    return bytes([&](int i) { return byte(a, i) >> 4; });
  }
  // q + 16 * (the `count` bits of each byte that begin at bit `from`)
  template <int from, int count>
  static I add_bits(const I& q, const I& bits) {
    return bytes([&](int i) { return byte(q, i) | ((byte(bits, i) >> from & ((1 << count) - 1)) << 4); });
  }
  static I look_up(const I& q, const std::uint8_t* table) {
    return bytes([&](int i) { return table[byte(q, i)]; });
  }

  static I broadcast(const void* four_bytes) {  // to each lane
    std::int32_t all;
    std::memcpy(&all, four_bytes, sizeof all);
    return set(all);
  }
  // acc + the four products of each lane: weights unsigned, activations signed.
  static I dot(const I& acc, const I& weights, const I& activations) {
    I sum = acc;
    for (int i = 0; i < 64; ++i) sum[i / 4] += byte(weights, i) * static_cast<std::int8_t>(byte(activations, i));
    return sum;
  }

  // The largest magnitude of 16 floats, as its bits: as integers they are in order, infinities and NaNs at the top.
  static std::uint32_t magnitude(const float* x) {
    std::uint32_t largest = 0;
    for (int i = 0; i < lanes; ++i) {
      std::uint32_t bits;
      std::memcpy(&bits, x + i, sizeof bits);
      largest = std::max(largest, bits & 0x7fffffff);
    }
    return largest;
  }
  // 16 floats times `factor`, rounded to the nearest integer (to even), -127 to 127. Returns their sum.
  static std::int32_t quantise(const float* x, float factor, std::int8_t* to) {
    std::int32_t sum = 0;
    for (int i = 0; i < lanes; ++i) {
      const float shifted = x[i] * factor + 0x1.8p23f;  // the last bit of a float of this size is worth 1
      std::int32_t bits;
      std::memcpy(&bits, &shifted, sizeof bits);
      const std::int32_t q = bits - 0x4b400000;
      to[i] = static_cast<std::int8_t>(q);
      sum += q;
    }
    return sum;
  }

  // 16 floats as bf16.
  static void round_bf16(const float* x, std::uint16_t* to) { std::transform(x, x + lanes, to, bf16_of_f32); }
  // acc + the products of pairs of bf16: of each lane's weights and the same two activations. First the odd one's, then
  // the even one's, each fused, and subnormal sums are zeros: what AVX-512's vdpbf16ps does.
  static F fma_bf16(const F& acc, const I& weights, const std::uint16_t* two) {
    const float even = f32_of_bf16(two[0]), odd = f32_of_bf16(two[1]);
    return map([&](int i) {
      const auto pair = static_cast<std::uint32_t>(weights[i]);
      const float sum = flush(std::fma(f32_of_bf16(static_cast<std::uint16_t>(pair >> 16)), odd, acc[i]));
      return flush(std::fma(f32_of_bf16(static_cast<std::uint16_t>(pair)), even, sum));
    });
  }
  // Of 16 numbers a bit for each that is not `value`.
  static std::uint32_t unlike_f16(const std::uint16_t* p, std::uint16_t value) {
    std::uint32_t bits = 0;
    for (int i = 0; i < 16; ++i) bits |= static_cast<std::uint32_t>(p[i] != value) << i;
    return bits;
  }
  static F flush(const F& a) {
    return map([&](int i) { return flush(a[i]); });
  }
  struct FlushToZero {};  // while there is one, fma_bf16 and flush do what they say

  // ---- for attention: int16 numbers in pairs, a pair in each lane

  static F sub(const F& a, const F& b) {
    return map([&](int i) { return a[i] - b[i]; });
  }
  static F max(const F& a, const F& b) {
    return map([&](int i) { return a[i] > b[i] ? a[i] : b[i]; });
  }  // b where one is NaN
  static bool any_nan(const F& a) {
    return std::ranges::any_of(a, [](float x) { return x != x; });
  }
  static bool all_zero(const F& a) {
    return std::ranges::all_of(a, [](float x) { return x == 0; });
  }
  static float largest(const F& a) { return *std::ranges::max_element(a); }  // of no NaN
  // -inf where `mask` is that
  static F hide(const F& a, const F& mask) {
    return map([&](int i) { return mask[i] == -INFINITY ? -INFINITY : a[i]; });
  }
  static I rounded(const F& a) {
    return of_ints([&](int i) { return static_cast<std::int32_t>(std::nearbyint(a[i])); });
  }
  // a * 2^n; a and the result neither subnormal nor infinite
  static F times_power(const F& a, const I& n) {
    return map([&](int i) {
      std::int32_t bits;
      std::memcpy(&bits, &a[i], sizeof bits);
      bits += n[i] * (1 << 23);
      float value;
      std::memcpy(&value, &bits, sizeof value);
      return value;
    });
  }
  static I load(const std::int32_t* p) {
    I a;
    std::memcpy(a.data(), p, sizeof a);
    return a;
  }
  static void store(std::int32_t* p, const I& a) { std::memcpy(p, a.data(), sizeof a); }
  static I add(const I& a, const I& b) {
    return of_ints([&](int i) { return a[i] + b[i]; });
  }
  static I min(const I& a, const I& b) {
    return of_ints([&](int i) { return std::min(a[i], b[i]); });
  }
  static I low12(const I& a) {
    return of_ints([&](int i) { return a[i] & 4095; });
  }
  static I shift_right12(const I& a) {
    return of_ints([&](int i) { return a[i] >> 12; });
  }
  static I either(const I& a, const I& b) {
    return of_ints([&](int i) { return a[i] | b[i]; });
  }
  static bool any(const I& a) {
    return std::ranges::any_of(a, [](std::int32_t x) { return x != 0; });
  }
  // acc + the products of both numbers of each lane
  static I dot_pairs(const I& acc, const I& a, const I& b) {
    return of_ints([&](int i) { return acc[i] + low(a[i]) * low(b[i]) + (a[i] >> 16) * (b[i] >> 16); });
  }
  static I join_pairs(const I& even, const I& odd) {
    return of_ints([&](int i) { return pair(even[i], odd[i]); });
  }
  // Neighbours become pairs, all in some order, the same for every use.
  static I pack_pairs(const I& a, const I& b) {
    return of_ints([&](int i) {
      return i < lanes / 2 ? pair(a[2 * i], a[2 * i + 1]) : pair(b[2 * i - lanes], b[2 * i + 1 - lanes]);
    });
  }
  static void transpose(I (&m)[lanes]) {
    for (int i = 0; i < lanes; ++i) {
      for (int j = 0; j < i; ++j) std::swap(m[i][j], m[j][i]);
    }
  }
  static void add_to(std::int64_t* to, const I& a, int shift) {
    for (int i = 0; i < lanes; ++i) to[i] += static_cast<std::int64_t>(a[i]) * (std::int64_t{1} << shift);
  }
  // Of f16 in pairs: magnitudes as bits, which are in order; the larger of two; and of L vectors the largest of each.
  static I magnitudes_f16(const std::uint16_t* p) {
    return of_ints([&](int i) { return pair(p[2 * i] & 0x7fff, p[2 * i + 1] & 0x7fff); });
  }
  static I max_u16(const I& a, const I& b) {
    return of_ints([&](int i) {
      return pair(std::max(a[i] & 0xffff, b[i] & 0xffff), std::max(a[i] >> 16 & 0xffff, b[i] >> 16 & 0xffff));
    });
  }
  static I largest_u16(const I (&m)[lanes]) {
    return of_ints([&](int i) {
      std::int32_t largest = 0;
      for (const std::int32_t both : m[i]) largest = std::max({largest, both & 0xffff, both >> 16 & 0xffff});
      return largest;
    });
  }
  static I exponents_f16(const I& magnitudes) {  // e with the magnitude below 2^e; at least -14
    return of_ints([&](int i) { return std::max((magnitudes[i] >> 10) - 14, -14); });
  }
  static F power(const I& exponents) {
    return map([&](int i) { return std::ldexp(1.0f, exponents[i]); });
  }
  static I sub(const I& a, const I& b) {
    return of_ints([&](int i) { return a[i] - b[i]; });
  }
  static F choose(const I& number, std::int32_t at_least, const F& then, const F& otherwise) {
    return map([&](int i) { return number[i] >= at_least ? then[i] : otherwise[i]; });
  }
  static bool any_at_least(const I& a, std::int32_t bound) {
    return std::ranges::any_of(a, [&](std::int32_t x) { return x >= bound; });
  }

 private:
  static float flush(float a) { return std::abs(a) < 0x1p-126f ? std::copysign(0.0f, a) : a; }
  static std::int32_t low(std::int32_t a) { return static_cast<std::int16_t>(a); }
  static std::int32_t pair(std::int32_t a, std::int32_t b) {
    return static_cast<std::int32_t>((static_cast<std::uint32_t>(a) & 0xffff) | static_cast<std::uint32_t>(b) << 16);
  }
  template <class Function>
  static I of_ints(Function function) {
    I result;
    for (int i = 0; i < lanes; ++i) result[i] = function(i);
    return result;
  }
  static int byte(const I& a, int i) {
    return static_cast<int>(static_cast<std::uint32_t>(a[i / 4]) >> (8 * (i % 4)) & 255);
  }
  template <class Function>
  static F map(Function function) {
    F result;
    for (int i = 0; i < lanes; ++i) result[i] = function(i);
    return result;
  }
  template <class Function>
  static I bytes(Function function) {
    I result{};
    for (int i = 0; i < 64; ++i)
      result[i / 4] |= static_cast<std::int32_t>(static_cast<std::uint32_t>(function(i)) << (8 * (i % 4)));
    return result;
  }
};

}  // namespace
}  // namespace decant::kernels
