// AVX-VNNI's kernel with its instruction as AVX-512 encodes it, so that it is tested where AVX-VNNI itself is missing.
#ifdef __x86_64__
#include "kernels/multiply_kernel.h"
#include "kernels/simd_avx2.h"

namespace decant::kernels {
extern const Kernel kAvxVnniInEvexKernel;
const Kernel kAvxVnniInEvexKernel = kernel_of<Avx2>();
}  // namespace decant::kernels
#endif
