#pragma once

#include "run/run.h"

namespace decant {

Task<void> sample(Run& run);

}  // namespace decant
