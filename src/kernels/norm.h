// Root mean square norm of a row: y = x / sqrt(mean(x^2) + eps).
//
// Squares are rounded to f32 as ggml's, and summed in double by sixteen places that take turns, then in pairs: the same
// bits by any Isa, and ten times as fast as one sum. Only where the double's last bits decide how the mean is rounded
// to f32 is it another one than ggml's.
#pragma once

#include <cstdint>

#include "kernels/isa.h"

namespace decant::kernels {

using Norm = void (*)(const float* x, std::int64_t size, float epsilon, float* y);  // y may be x
Norm rms_norm(Isa isa);

extern const Norm kPlainNorm, kAvx2Norm, kAvx512Norm;

}  // namespace decant::kernels
