#pragma once

#include "run/run.h"

namespace decant {

Task<void> greedy(Run& run);

}  // namespace decant
