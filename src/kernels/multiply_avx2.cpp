#include "kernels/multiply_kernel.h"
#include "kernels/simd_avx2.h"

namespace decant::kernels {
const Kernel kAvx2Kernel = kernel_of<Avx2>();
}
