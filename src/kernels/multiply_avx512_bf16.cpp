#include "kernels/multiply_kernel.h"
#include "kernels/simd_avx512.h"

namespace decant::kernels {
const Kernel kAvx512Bf16Kernel = {.pack = pack<Avx512Bf16>, .multiply = multiply_bf16<Avx512Bf16>};
}
