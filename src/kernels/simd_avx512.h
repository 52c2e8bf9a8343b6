// Vectors of 16 lanes in AVX-512 with VNNI. Semantics: simd_plain.h.
#pragma once

#include <immintrin.h>

#include <cmath>
#include <cstdint>
#include <cstring>

#include "kernels/flush_subnormals.h"

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
    const I moved =
        from < 4 ? _mm512_slli_epi16(bits, from < 4 ? 4 - from : 0) : _mm512_srli_epi16(bits, from < 4 ? 0 : from - 4);
    return _mm512_ternarylogic_epi32(q, moved, _mm512_set1_epi8(mask), 0xf8);  // q | (moved & mask)
  }
  static I look_up(I q, const std::uint8_t* table) {
    return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(load128(table)), q);
  }
  static I dot(I acc, I weights, I activations) { return _mm512_dpbusd_epi32(acc, weights, activations); }
  static I broadcast(const void* four_bytes) {
    std::int32_t all;
    std::memcpy(&all, four_bytes, sizeof all);
    return _mm512_set1_epi32(all);
  }

  static std::uint32_t magnitude(const float* x) {
    const __m512i bits = _mm512_and_si512(_mm512_loadu_si512(x), _mm512_set1_epi32(0x7fffffff));
    return _mm512_reduce_max_epu32(bits);
  }
  static std::int32_t quantise(const float* x, float factor, std::int8_t* to) {
    const __m512i q = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(x), _mm512_set1_ps(factor)));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtepi32_epi8(q));
    return _mm512_reduce_add_epi32(q);
  }

  static void round_bf16(const float* x, std::uint16_t* to) {
    const __m512 value = _mm512_loadu_ps(x);
    const __m512i bits = _mm512_castps_si512(value), upper = _mm512_srli_epi32(bits, 16);
    const __m512i to_even = _mm512_add_epi32(_mm512_and_si512(upper, _mm512_set1_epi32(1)), _mm512_set1_epi32(0x7fff));
    __m512i rounded = _mm512_srli_epi32(_mm512_add_epi32(bits, to_even), 16);
    rounded =
        _mm512_mask_or_epi32(rounded, _mm512_cmp_ps_mask(value, value, _CMP_UNORD_Q), upper, _mm512_set1_epi32(0x40));
    const __mmask16 subnormal = _mm512_testn_epi32_mask(bits, _mm512_set1_epi32(0x7f800000));
    rounded = _mm512_mask_and_epi32(rounded, subnormal, upper, _mm512_set1_epi32(0x8000));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_cvtepi32_epi16(rounded));
  }
  static F fma_bf16(F acc, I weights, const std::uint16_t* two) {
    const I x = broadcast(two), upper = _mm512_set1_epi32(-65536);
    const F odd = _mm512_fmadd_ps(_mm512_castsi512_ps(_mm512_and_si512(weights, upper)),
                                  _mm512_castsi512_ps(_mm512_and_si512(x, upper)), acc);
    return _mm512_fmadd_ps(_mm512_castsi512_ps(_mm512_slli_epi32(weights, 16)),
                           _mm512_castsi512_ps(_mm512_slli_epi32(x, 16)), odd);
  }
  using FlushToZero = FlushSubnormals;
  static F flush(F a) { return a; }

  static F sub(F a, F b) { return _mm512_sub_ps(a, b); }
  static F max(F a, F b) { return _mm512_max_ps(a, b); }
  static bool any_nan(F a) { return _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q) != 0; }
  static bool all_zero(F a) { return _mm512_cmp_ps_mask(a, _mm512_setzero_ps(), _CMP_NEQ_UQ) == 0; }
  static float largest(F a) { return _mm512_reduce_max_ps(a); }
  static F hide(F a, F mask) {
    const F hidden = _mm512_set1_ps(-INFINITY);
    return _mm512_mask_mov_ps(a, _mm512_cmp_ps_mask(mask, hidden, _CMP_EQ_OQ), hidden);
  }
  static I rounded(F a) { return _mm512_cvtps_epi32(a); }
  static F times_power(F a, I n) {
    return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(a), _mm512_slli_epi32(n, 23)));
  }
  static I load(const std::int32_t* p) { return _mm512_loadu_si512(p); }
  static void store(std::int32_t* p, I a) { _mm512_storeu_si512(p, a); }
  static I add(I a, I b) { return _mm512_add_epi32(a, b); }
  static I min(I a, I b) { return _mm512_min_epi32(a, b); }
  static I low12(I a) { return _mm512_and_si512(a, _mm512_set1_epi32(4095)); }
  static I shift_right12(I a) { return _mm512_srai_epi32(a, 12); }
  static I either(I a, I b) { return _mm512_or_si512(a, b); }
  static bool any(I a) { return _mm512_test_epi32_mask(a, a) != 0; }
  static I dot_pairs(I acc, I a, I b) { return _mm512_dpwssd_epi32(acc, a, b); }
  static I join_pairs(I even, I odd) { return _mm512_mask_mov_epi16(even, 0xaaaaaaaa, _mm512_slli_epi32(odd, 16)); }
  static I pack_pairs(I a, I b) { return _mm512_packs_epi32(a, b); }
  static void transpose(I (&m)[lanes]) {
    I t[lanes];
    for (int i = 0; i < lanes; i += 2) {
      t[i] = _mm512_unpacklo_epi32(m[i], m[i + 1]);
      t[i + 1] = _mm512_unpackhi_epi32(m[i], m[i + 1]);
    }
    for (int i = 0; i < lanes; i += 4) {  // of four rows: column 4 q + j of 128-bit quarter q
      m[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
      m[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
      m[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
      m[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    for (int j = 0; j < 4; ++j) {
      const I a = _mm512_shuffle_i32x4(m[j], m[j + 4], 0x88), b = _mm512_shuffle_i32x4(m[j], m[j + 4], 0xdd);
      const I c = _mm512_shuffle_i32x4(m[j + 8], m[j + 12], 0x88), d = _mm512_shuffle_i32x4(m[j + 8], m[j + 12], 0xdd);
      t[j] = _mm512_shuffle_i32x4(a, c, 0x88);
      t[j + 4] = _mm512_shuffle_i32x4(b, d, 0x88);
      t[j + 8] = _mm512_shuffle_i32x4(a, c, 0xdd);
      t[j + 12] = _mm512_shuffle_i32x4(b, d, 0xdd);
    }
    for (int i = 0; i < lanes; ++i) m[i] = t[i];
  }
  static void add_to(std::int64_t* to, I a, int shift) {
    const auto add8 = [&](std::int64_t* at, __m256i half) {
      const I wide = _mm512_slli_epi64(_mm512_cvtepi32_epi64(half), static_cast<unsigned>(shift));
      _mm512_storeu_si512(at, _mm512_add_epi64(_mm512_loadu_si512(at), wide));
    };
    add8(to, _mm512_castsi512_si256(a));
    add8(to + 8, _mm512_extracti64x4_epi64(a, 1));
  }
  static std::uint32_t unlike_f16(const std::uint16_t* p, std::uint16_t value) {
    return _mm256_cmpneq_epi16_mask(load256(p), _mm256_set1_epi16(static_cast<short>(value)));
  }
  static I magnitudes_f16(const std::uint16_t* p) {
    return _mm512_and_si512(_mm512_loadu_si512(p), _mm512_set1_epi16(0x7fff));
  }
  static I max_u16(I a, I b) { return _mm512_max_epu16(a, b); }
  static I largest_u16(const I (&m)[lanes]) {
    I of2[8], of4[4], of8[2];
    for (int i = 0; i < 8; ++i)
      of2[i] = max_u16(_mm512_unpacklo_epi32(m[2 * i], m[2 * i + 1]), _mm512_unpackhi_epi32(m[2 * i], m[2 * i + 1]));
    for (int i = 0; i < 4; ++i)
      of4[i] =
          max_u16(_mm512_unpacklo_epi64(of2[2 * i], of2[2 * i + 1]), _mm512_unpackhi_epi64(of2[2 * i], of2[2 * i + 1]));
    for (int i = 0; i < 2; ++i)
      of8[i] = max_u16(_mm512_shuffle_i32x4(of4[2 * i], of4[2 * i + 1], 0x88),
                       _mm512_shuffle_i32x4(of4[2 * i], of4[2 * i + 1], 0xdd));
    const I all = max_u16(_mm512_shuffle_i32x4(of8[0], of8[1], 0x88), _mm512_shuffle_i32x4(of8[0], of8[1], 0xdd));
    return _mm512_and_si512(max_u16(all, _mm512_srli_epi32(all, 16)), _mm512_set1_epi32(0xffff));
  }
  static I exponents_f16(I magnitudes) {
    return _mm512_max_epi32(_mm512_sub_epi32(_mm512_srli_epi32(magnitudes, 10), _mm512_set1_epi32(14)),
                            _mm512_set1_epi32(-14));
  }
  static F power(I exponents) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_add_epi32(exponents, _mm512_set1_epi32(127)), 23));
  }
  static I sub(I a, I b) { return _mm512_sub_epi32(a, b); }
  static F choose(I number, std::int32_t at_least, F then, F otherwise) {
    return _mm512_mask_mov_ps(otherwise, _mm512_cmpge_epi32_mask(number, _mm512_set1_epi32(at_least)), then);
  }
  static bool any_at_least(I a, std::int32_t bound) {
    return _mm512_cmpge_epi32_mask(a, _mm512_set1_epi32(bound)) != 0;
  }

 private:
  static __m256i load256(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
  static __m128i load128(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
};

#ifdef __AVX512BF16__
struct Avx512Bf16 : Avx512 {
#ifndef __clang__  // 16 crashes on it, so there it is Avx512's
  static F fma_bf16(F acc, I weights, const std::uint16_t* two) {
    return _mm512_dpbf16_ps(acc, reinterpret_cast<__m512bh>(weights), reinterpret_cast<__m512bh>(broadcast(two)));
  }
#endif
};
#endif

}  // namespace
}  // namespace decant::kernels
