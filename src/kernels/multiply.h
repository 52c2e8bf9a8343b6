// The product of re-laid weights and a few columns of activations (a column = what one token brings).
//
// Columns are packed in panels of up to 8. For quantised weights they are rounded to int8 in blocks of 32 with an f32
// scale, and products are summed in int32 within a block and by fused multiply-add over blocks in their order; for
// float weights inputs of even and of odd index are summed apart, in their order; for BF16, activations are rounded to
// it and neighbouring inputs are a pair, of which every other is summed apart. Nothing depends on the other columns, so
// a column's result is the same bits however many share the panel or the product, on any number of threads and by any
// Isa.
#pragma once

#include <cstddef>

#include "kernels/format.h"
#include "kernels/isa.h"

namespace decant::kernels {

inline constexpr int kPanel = 8;  // columns

// Bytes of a panel of `width` columns. `inputs` is a multiple of kBlock for quantised weights.
std::size_t panel_bytes(const Format& format, int inputs, int width);

struct Kernel {
  // Packs blocks [begin, end) of `inputs` floats of each of `width` columns (of float weights a block is 32 inputs as
  // well, the last one may be shorter). A block with a NaN or an infinity makes its column's products NaN.
  void (*pack)(const Format& format, const float* const* columns, int width, int inputs, int begin, int end,
               std::byte* panel);
  // output[column][0 .. rows) = stripe x column, rows <= 16.
  void (*multiply)(const Format& format, const std::byte* stripe, int inputs, const std::byte* panel, int width,
                   float* const* output, std::ptrdiff_t first_row, int rows);
};

const Kernel& kernel(Isa isa, WeightType type);  // isa: of available_isas()

extern const Kernel kPlainKernel, kAvx2Kernel, kAvxVnniKernel, kAvx512Kernel;
extern const Kernel kAvx512Bf16Kernel;  // of bf16, with the CPU's instruction for it

}  // namespace decant::kernels
