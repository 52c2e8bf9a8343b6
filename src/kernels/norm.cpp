// Tested by tests/kernels/norm_test.cpp.
#include "kernels/norm.h"

#include "kernels/norm_kernel.h"

namespace decant::kernels {

const Norm kPlainNorm = norm;

Norm rms_norm(Isa isa) {
  switch (isa) {
#ifdef __x86_64__
    case Isa::avx2:
    case Isa::avx_vnni:
      return kAvx2Norm;
    case Isa::avx512_vnni:
      return kAvx512Norm;
#endif
    default:
      return kPlainNorm;
  }
}

}  // namespace decant::kernels
