#include "kernels/attention_kernel.h"
#include "kernels/simd_avx512.h"

namespace decant::kernels {
const Attend kAvx512Attend = attend_by<Avx512>;
}
