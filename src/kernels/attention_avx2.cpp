#include "kernels/attention_kernel.h"
#include "kernels/simd_avx2.h"

namespace decant::kernels {
const Attend kAvx2Attend = attend_by<Avx2>;
}
