#include "kernels/norm_kernel.h"

namespace decant::kernels {
const Norm kAvx512Norm = norm;
}
