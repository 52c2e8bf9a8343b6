#pragma once

#include "run/run.h"

namespace decant {

Task<void> dola(Run& run);

}  // namespace decant
