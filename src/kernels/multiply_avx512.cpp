#include "kernels/multiply_kernel.h"
#include "kernels/simd_avx512.h"

namespace decant::kernels {
const Kernel kAvx512Kernel = kernel_of<Avx512>();
}
