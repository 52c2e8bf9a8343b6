#include "kernels/norm_kernel.h"

namespace decant::kernels {
const Norm kAvx2Norm = norm;
}
