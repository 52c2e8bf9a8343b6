// Vectors of 16 lanes in AVX-512 with VNNI. Semantics: simd_plain.h.
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

namespace decant::kernels {

namespace {  // each file that includes this is compiled for its own instruction set

struct Avx512 {
  static constexpr int lanes = 16;
  static constexpr int max_columns = 8;
  using F = __m512;
  using I = __m512i;

  static F zero() { return _mm512_setzero_ps(); }
  static F set(float value) { return _mm512_set1_ps(value); }
  static F load(const float* p) { return _mm512_loadu_ps(p); }
  static F load_f16(const std::uint16_t* p) { return _mm512_cvtph_ps(load256(p)); }
  static F load_bf16(const std::uint16_t* p) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(load256(p)), 16));
  }
  static F load_u8(const std::uint8_t* p) { return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(load128(p))); }
  static F load_i8(const std::int8_t* p) { return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(load128(p))); }
  static void store(float* p, F a) { _mm512_storeu_ps(p, a); }
  static F mul(F a, F b) { return _mm512_mul_ps(a, b); }
  static F add(F a, F b) { return _mm512_add_ps(a, b); }
  static F fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
  static F to_float(I a) { return _mm512_cvtepi32_ps(a); }

  static I set(std::int32_t value) { return _mm512_set1_epi32(value); }
  static I load_bytes(const std::uint8_t* p) { return _mm512_loadu_si512(p); }
  static I low_nibbles(I a) { return _mm512_and_si512(a, _mm512_set1_epi8(15)); }
  static I high_nibbles(I a) { return _mm512_and_si512(_mm512_srli_epi16(a, 4), _mm512_set1_epi8(15)); }
  template <int from, int count>
  static I add_bits(I q, I bits) {
    constexpr int mask = ((1 << count) - 1) << 4;
    const I moved = from < 4 ? _mm512_slli_epi16(bits, from < 4 ? 4 - from : 0) : _mm512_srli_epi16(bits, from < 4 ? 0 : from - 4);
    return _mm512_ternarylogic_epi32(q, moved, _mm512_set1_epi8(mask), 0xf8);  // q | (moved & mask)
  }
  static I look_up(I q, const std::uint8_t* table) {
    return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(load128(table)), q);
  }
  static I dot(I acc, I weights, const std::int8_t* four) {
    std::int32_t all;
    std::memcpy(&all, four, sizeof all);
    return _mm512_dpbusd_epi32(acc, weights, _mm512_set1_epi32(all));
  }
  static I start128(std::int32_t correction) { return set(correction); }
  static I dot128(I acc, I weights, const std::int8_t* four) { return dot(acc, weights, four); }

  static std::uint32_t magnitude(const float* x) {
    const __m512i bits = _mm512_and_si512(_mm512_loadu_si512(x), _mm512_set1_epi32(0x7fffffff));
    return _mm512_reduce_max_epu32(bits);
  }
  static std::int32_t quantise(const float* x, float factor, std::int8_t* to) {
    const __m512i q = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(x), _mm512_set1_ps(factor)));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtepi32_epi8(q));
    return _mm512_reduce_add_epi32(q);
  }

 private:
  static __m256i load256(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
  static __m128i load128(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
};

}  // namespace
}  // namespace decant::kernels
