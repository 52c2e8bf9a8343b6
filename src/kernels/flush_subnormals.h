// Subnormal results of SSE, AVX and AVX-512 are zeros, as those of vdpbf16ps always are, while there is one.
#pragma once

#include <immintrin.h>

namespace decant::kernels {
namespace {  // every instruction set has its own copies of these: never one for all

class FlushSubnormals {
 public:
  FlushSubnormals() : before_(_mm_getcsr()) { _mm_setcsr(before_ | _MM_FLUSH_ZERO_ON); }
  ~FlushSubnormals() { _mm_setcsr(before_); }
  FlushSubnormals(const FlushSubnormals&) = delete;
  FlushSubnormals& operator=(const FlushSubnormals&) = delete;

 private:
  unsigned before_;
};

}  // namespace
}  // namespace decant::kernels
