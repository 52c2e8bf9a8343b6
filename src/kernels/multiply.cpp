// Tested by tests/kernels/multiply_test.cpp.
#include "kernels/multiply.h"

#include "kernels/multiply_kernel.h"
#include "kernels/simd_plain.h"

namespace decant::kernels {

const Kernel kPlainKernel = kernel_of<Plain>();

std::size_t panel_bytes(const Format& format, int inputs, int width) {
  const auto columns = static_cast<std::size_t>(width);
  return format.quantised() ? columns * kPackedBlock * format.blocks(inputs) : columns * inputs * sizeof(float);
}

const Kernel& kernel(Isa isa) {
  switch (isa) {
#ifdef __x86_64__
    case Isa::avx2: return kAvx2Kernel;
    case Isa::avx_vnni: return kAvxVnniKernel;
    case Isa::avx512_vnni: return kAvx512Kernel;
#endif
    default: return kPlainKernel;
  }
}

}  // namespace decant::kernels
