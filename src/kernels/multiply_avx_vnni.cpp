#include "kernels/multiply_kernel.h"
#include "kernels/simd_avx2.h"

namespace decant::kernels {
const Kernel kAvxVnniKernel = kernel_of<Avx2>();
}
