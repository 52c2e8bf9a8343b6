// e^x for loops over whole vocabularies.
#pragma once

#include <bit>
#include <cstdint>

#include "numerics/multiversion.h"

namespace decant {

// e^x for x <= 0 within 2 ulp, without a branch or a table. x has to be above -87.
// x = n ln 2 + r with |r| <= ln 2 / 2; e^r by its Taylor polynomial; 2^n by writing n into the exponent bits.
DECANT_INLINE float exp_of_negative(float x) {
  constexpr float round = 0x1.8p23f;  // adding it leaves the rounded n in the low bits of the float
  const float shifted = x * 1.44269504f + round;
  const float n = shifted - round;
  const float r = (x - n * 0.693145752f) - n * 1.42860677e-6f;  // ln 2 in two parts, the first exact times any n
  const float p = 1 + r * (1 + r * (1 / 2.f + r * (1 / 6.f + r * (1 / 24.f + r * (1 / 120.f + r * (1 / 720.f))))));
  return p * std::bit_cast<float>((std::bit_cast<std::uint32_t>(shifted) << 23) + 0x3f800000u);
}

// e^max(x, -87): below, about 1e-38 stands for no mass.
DECANT_INLINE float exp_of_any_negative(float x) { return exp_of_negative(x > -87.f ? x : -87.f); }

}  // namespace decant
