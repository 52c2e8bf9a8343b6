// Vectors of 8 lanes in AVX2, with AVX-VNNI where the compiler is told of it. Semantics: simd_plain.h.
#pragma once

#include <immintrin.h>

#include <cmath>
#include <cstdint>
#include <cstring>

#include "kernels/flush_subnormals.h"

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
    const I moved =
        from < 4 ? _mm256_slli_epi16(bits, from < 4 ? 4 - from : 0) : _mm256_srli_epi16(bits, from < 4 ? 0 : from - 4);
    return _mm256_or_si256(q, _mm256_and_si256(moved, _mm256_set1_epi8(mask)));
  }
  static I look_up(I q, const std::uint8_t* table) {
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(load128(table)), q);
  }
#if defined(__AVXVNNI__)
  static constexpr bool narrow = false;
  static I dot(I acc, I weights, I activations) { return _mm256_dpbusd_avx_epi32(acc, weights, activations); }
#elif defined(__AVX512VNNI__) && defined(__AVX512VL__)
  static constexpr bool narrow = false;
  static I dot(I acc, I weights, I activations) { return _mm256_dpbusd_epi32(acc, weights, activations); }
#else
  static constexpr bool narrow = true;  // instead of a dot product, pairs of products in 16 bits:
  static I products(I weights, I activations) { return _mm256_maddubs_epi16(weights, activations); }
  // Of weights stored with 128 added. Pairs of 255 * 127 would saturate: |w| times the activation with the sign of w.
  static I products128(I weights, I activations) {
    const I w = _mm256_xor_si256(weights, _mm256_set1_epi8(-128));
    return _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(activations, w));
  }
  static I add16(I a, I b) { return _mm256_add_epi16(a, b); }
  static I widen(I pairs) { return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)); }
#endif
  static I broadcast(const void* four_bytes) {
    std::int32_t all;
    std::memcpy(&all, four_bytes, sizeof all);
    return _mm256_set1_epi32(all);
  }

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

  static void round_bf16(const float* x, std::uint16_t* to) {
    const I both = _mm256_packus_epi32(bf16(_mm256_loadu_ps(x)), bf16(_mm256_loadu_ps(x + 8)));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_permute4x64_epi64(both, 0xd8));
  }
  static F fma_bf16(F acc, I weights, const std::uint16_t* two) {
    const I x = broadcast(two), upper = _mm256_set1_epi32(-65536);
    const F odd = _mm256_fmadd_ps(_mm256_castsi256_ps(_mm256_and_si256(weights, upper)),
                                  _mm256_castsi256_ps(_mm256_and_si256(x, upper)), acc);
    return _mm256_fmadd_ps(_mm256_castsi256_ps(_mm256_slli_epi32(weights, 16)),
                           _mm256_castsi256_ps(_mm256_slli_epi32(x, 16)), odd);
  }
  using FlushToZero = FlushSubnormals;
  static F flush(F a) { return a; }

  static F sub(F a, F b) { return _mm256_sub_ps(a, b); }
  static F max(F a, F b) { return _mm256_max_ps(a, b); }
  static bool any_nan(F a) { return _mm256_movemask_ps(_mm256_cmp_ps(a, a, _CMP_UNORD_Q)) != 0; }
  static bool all_zero(F a) { return _mm256_movemask_ps(_mm256_cmp_ps(a, _mm256_setzero_ps(), _CMP_NEQ_UQ)) == 0; }
  static float largest(F a) {
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
  }
  static F hide(F a, F mask) {
    const F hidden = _mm256_set1_ps(-INFINITY);
    return _mm256_blendv_ps(a, hidden, _mm256_cmp_ps(mask, hidden, _CMP_EQ_OQ));
  }
  static I rounded(F a) { return _mm256_cvtps_epi32(a); }
  static F times_power(F a, I n) {
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), _mm256_slli_epi32(n, 23)));
  }
  static I load(const std::int32_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
  static void store(std::int32_t* p, I a) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), a); }
  static I add(I a, I b) { return _mm256_add_epi32(a, b); }
  static I min(I a, I b) { return _mm256_min_epi32(a, b); }
  static I low12(I a) { return _mm256_and_si256(a, _mm256_set1_epi32(4095)); }
  static I shift_right12(I a) { return _mm256_srai_epi32(a, 12); }
  static I either(I a, I b) { return _mm256_or_si256(a, b); }
  static bool any(I a) { return _mm256_testz_si256(a, a) == 0; }
  static I dot_pairs(I acc, I a, I b) {
#if defined(__AVXVNNI__)
    return _mm256_dpwssd_avx_epi32(acc, a, b);
#else
    return _mm256_add_epi32(acc, _mm256_madd_epi16(a, b));
#endif
  }
  static I join_pairs(I even, I odd) { return _mm256_blend_epi16(even, _mm256_slli_epi32(odd, 16), 0xaa); }
  static I pack_pairs(I a, I b) { return _mm256_packs_epi32(a, b); }
  static void transpose(I (&m)[lanes]) {
    I t[lanes];
    for (int i = 0; i < lanes; i += 2) {
      t[i] = _mm256_unpacklo_epi32(m[i], m[i + 1]);
      t[i + 1] = _mm256_unpackhi_epi32(m[i], m[i + 1]);
    }
    for (int i = 0; i < lanes; i += 4) {  // of four rows: column 4 h + j of 128-bit half h
      m[i] = _mm256_unpacklo_epi64(t[i], t[i + 2]);
      m[i + 1] = _mm256_unpackhi_epi64(t[i], t[i + 2]);
      m[i + 2] = _mm256_unpacklo_epi64(t[i + 1], t[i + 3]);
      m[i + 3] = _mm256_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    for (int j = 0; j < 4; ++j) {
      t[j] = _mm256_permute2x128_si256(m[j], m[j + 4], 0x20);
      t[j + 4] = _mm256_permute2x128_si256(m[j], m[j + 4], 0x31);
    }
    for (int i = 0; i < lanes; ++i) m[i] = t[i];
  }
  static void add_to(std::int64_t* to, I a, int shift) {
    const auto add4 = [&](std::int64_t* at, __m128i half) {
      auto* memory = reinterpret_cast<__m256i*>(at);
      _mm256_storeu_si256(
          memory, _mm256_add_epi64(_mm256_loadu_si256(memory), _mm256_slli_epi64(_mm256_cvtepi32_epi64(half), shift)));
    };
    add4(to, _mm256_castsi256_si128(a));
    add4(to + 4, _mm256_extracti128_si256(a, 1));
  }
  static std::uint32_t unlike_f16(const std::uint16_t* p, std::uint16_t value) {
    const I same = _mm256_cmpeq_epi16(_mm256_loadu_si256(reinterpret_cast<const I*>(p)),
                                      _mm256_set1_epi16(static_cast<short>(value)));
    return static_cast<std::uint32_t>(
               _mm_movemask_epi8(_mm_packs_epi16(_mm256_castsi256_si128(same), _mm256_extracti128_si256(same, 1)))) ^
           0xffff;
  }
  static I magnitudes_f16(const std::uint16_t* p) {
    return _mm256_and_si256(_mm256_loadu_si256(reinterpret_cast<const I*>(p)), _mm256_set1_epi16(0x7fff));
  }
  static I max_u16(I a, I b) { return _mm256_max_epu16(a, b); }
  static I largest_u16(const I (&m)[lanes]) {
    I of2[4], of4[2];
    for (int i = 0; i < 4; ++i)
      of2[i] = max_u16(_mm256_unpacklo_epi32(m[2 * i], m[2 * i + 1]), _mm256_unpackhi_epi32(m[2 * i], m[2 * i + 1]));
    for (int i = 0; i < 2; ++i)
      of4[i] =
          max_u16(_mm256_unpacklo_epi64(of2[2 * i], of2[2 * i + 1]), _mm256_unpackhi_epi64(of2[2 * i], of2[2 * i + 1]));
    const I all =
        max_u16(_mm256_permute2x128_si256(of4[0], of4[1], 0x20), _mm256_permute2x128_si256(of4[0], of4[1], 0x31));
    return _mm256_and_si256(max_u16(all, _mm256_srli_epi32(all, 16)), _mm256_set1_epi32(0xffff));
  }
  static I exponents_f16(I magnitudes) {
    return _mm256_max_epi32(_mm256_sub_epi32(_mm256_srli_epi32(magnitudes, 10), _mm256_set1_epi32(14)),
                            _mm256_set1_epi32(-14));
  }
  static F power(I exponents) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(exponents, _mm256_set1_epi32(127)), 23));
  }
  static I sub(I a, I b) { return _mm256_sub_epi32(a, b); }
  static F choose(I number, std::int32_t at_least, F then, F otherwise) {
    return _mm256_blendv_ps(otherwise, then,
                            _mm256_castsi256_ps(_mm256_cmpgt_epi32(number, _mm256_set1_epi32(at_least - 1))));
  }
  static bool any_at_least(I a, std::int32_t bound) {
    return _mm256_movemask_epi8(_mm256_cmpgt_epi32(a, _mm256_set1_epi32(bound - 1))) != 0;
  }

 private:
  static I magnitudes(const float* x) {
    return _mm256_and_si256(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(x)), _mm256_set1_epi32(0x7fffffff));
  }
  static I rounded(const float* x, float factor) {
    return _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x), _mm256_set1_ps(factor)));
  }
  static I bf16(F value) {  // in 32 bits
    const I bits = _mm256_castps_si256(value), upper = _mm256_srli_epi32(bits, 16);
    const I to_even = _mm256_add_epi32(_mm256_and_si256(upper, _mm256_set1_epi32(1)), _mm256_set1_epi32(0x7fff));
    const I rounded = _mm256_srli_epi32(_mm256_add_epi32(bits, to_even), 16);
    const I quiet = _mm256_or_si256(upper, _mm256_set1_epi32(0x40)),
            zero = _mm256_and_si256(upper, _mm256_set1_epi32(0x8000));
    const I nan = _mm256_castps_si256(_mm256_cmp_ps(value, value, _CMP_UNORD_Q));
    const I subnormal =
        _mm256_cmpeq_epi32(_mm256_and_si256(bits, _mm256_set1_epi32(0x7f800000)), _mm256_setzero_si256());
    return _mm256_blendv_epi8(_mm256_blendv_epi8(rounded, quiet, nan), zero, subnormal);
  }
  static __m128i load128(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
  static __m128i load64(const void* p) { return _mm_loadl_epi64(static_cast<const __m128i*>(p)); }
};

}  // namespace
}  // namespace decant::kernels
