// Vectors of 8 lanes in AVX2, with AVX-VNNI where the compiler is told of it. Semantics: simd_plain.h.
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

namespace decant::kernels {

namespace {  // each file that includes this is compiled for its own instruction set

struct Avx2 {
  static constexpr int lanes = 8;
  static constexpr int max_columns = 4;
  using F = __m256;
  using I = __m256i;

  static F zero() { return _mm256_setzero_ps(); }
  static F set(float value) { return _mm256_set1_ps(value); }
  static F load(const float* p) { return _mm256_loadu_ps(p); }
  static F load_f16(const std::uint16_t* p) { return _mm256_cvtph_ps(load128(p)); }
  static F load_bf16(const std::uint16_t* p) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(load128(p)), 16));
  }
  static F load_u8(const std::uint8_t* p) { return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(load64(p))); }
  static F load_i8(const std::int8_t* p) { return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(load64(p))); }
  static void store(float* p, F a) { _mm256_storeu_ps(p, a); }
  static F mul(F a, F b) { return _mm256_mul_ps(a, b); }
  static F add(F a, F b) { return _mm256_add_ps(a, b); }
  static F fma(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }
  static F to_float(I a) { return _mm256_cvtepi32_ps(a); }

  static I set(std::int32_t value) { return _mm256_set1_epi32(value); }
  static I load_bytes(const std::uint8_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
  static I low_nibbles(I a) { return _mm256_and_si256(a, _mm256_set1_epi8(15)); }
  static I high_nibbles(I a) { return _mm256_and_si256(_mm256_srli_epi16(a, 4), _mm256_set1_epi8(15)); }
  template <int from, int count>
  static I add_bits(I q, I bits) {
    constexpr int mask = ((1 << count) - 1) << 4;
    const I moved = from < 4 ? _mm256_slli_epi16(bits, from < 4 ? 4 - from : 0) : _mm256_srli_epi16(bits, from < 4 ? 0 : from - 4);
    return _mm256_or_si256(q, _mm256_and_si256(moved, _mm256_set1_epi8(mask)));
  }
  static I look_up(I q, const std::uint8_t* table) { return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(load128(table)), q); }
  static I dot(I acc, I weights, const std::int8_t* four) {
    const I activations = broadcast(four);
#if defined(__AVXVNNI__)
    return _mm256_dpbusd_avx_epi32(acc, weights, activations);
#elif defined(__AVX512VNNI__) && defined(__AVX512VL__)
    return _mm256_dpbusd_epi32(acc, weights, activations);
#else  // pairs stay below 2 * 127 * 127, so nothing saturates
    return add_pairs(acc, _mm256_maddubs_epi16(weights, activations));
#endif
  }
#if defined(__AVXVNNI__) || (defined(__AVX512VNNI__) && defined(__AVX512VL__))
  static I start128(std::int32_t correction) { return set(correction); }
  static I dot128(I acc, I weights, const std::int8_t* four) { return dot(acc, weights, four); }
#else  // pairs of 255 * 127 would saturate: |w| times the activation with the sign of w, and no correction
  static I start128(std::int32_t) { return set(0); }
  static I dot128(I acc, I weights, const std::int8_t* four) {
    const I w = _mm256_xor_si256(weights, _mm256_set1_epi8(-128));
    return add_pairs(acc, _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(broadcast(four), w)));
  }
#endif

  static std::uint32_t magnitude(const float* x) {
    const I low = magnitudes(x), high = magnitudes(x + 8), eight = _mm256_max_epu32(low, high);
    const __m128i four = _mm_max_epu32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
    const __m128i two = _mm_max_epu32(four, _mm_unpackhi_epi64(four, four));
    return static_cast<std::uint32_t>(_mm_cvtsi128_si32(_mm_max_epu32(two, _mm_shuffle_epi32(two, 1))));
  }
  static std::int32_t quantise(const float* x, float factor, std::int8_t* to) {
    const I low = rounded(x, factor), high = rounded(x + 8, factor);
    const __m128i first = _mm_packs_epi32(_mm256_castsi256_si128(low), _mm256_extracti128_si256(low, 1));
    const __m128i second = _mm_packs_epi32(_mm256_castsi256_si128(high), _mm256_extracti128_si256(high, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_packs_epi16(first, second));
    const __m128i four = _mm_madd_epi16(_mm_add_epi16(first, second), _mm_set1_epi16(1));
    const __m128i two = _mm_add_epi32(four, _mm_unpackhi_epi64(four, four));
    return _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 1)));
  }

 private:
  static I magnitudes(const float* x) { return _mm256_and_si256(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(x)), _mm256_set1_epi32(0x7fffffff)); }
  static I rounded(const float* x, float factor) { return _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x), _mm256_set1_ps(factor))); }
  static I broadcast(const std::int8_t* four) {
    std::int32_t all;
    std::memcpy(&all, four, sizeof all);
    return _mm256_set1_epi32(all);
  }
  static I add_pairs(I acc, I pairs) { return _mm256_add_epi32(acc, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1))); }
  static __m128i load128(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
  static __m128i load64(const void* p) { return _mm_loadl_epi64(static_cast<const __m128i*>(p)); }
};

}  // namespace
}  // namespace decant::kernels
