// Tested by tests/kernels/multiply_test.cpp.
#include "kernels/multiply.h"

#include "kernels/multiply_kernel.h"
#include "kernels/simd_plain.h"

namespace decant::kernels {

const Kernel kPlainKernel = kernel_of<Plain>();

std::size_t panel_bytes(const Format& format, int inputs, int width) {
  return static_cast<std::size_t>(width) * packed_block(format) * ((inputs + kBlock - 1) / kBlock);
}

const Kernel& kernel(Isa isa, WeightType type) {
  switch (isa) {
#ifdef __x86_64__
    case Isa::avx512_vnni:
      if (static const bool bf16 = __builtin_cpu_supports("avx512bf16"); bf16 && type == WeightType::bf16)
        return kAvx512Bf16Kernel;
      return kAvx512Kernel;
    case Isa::avx2:
      return kAvx2Kernel;
    case Isa::avx_vnni:
      return kAvxVnniKernel;
#endif
    default:
      return kPlainKernel;
  }
}

}  // namespace decant::kernels
