#pragma once

#include "run/run.h"

namespace decant {

Task<void> constrained_beam(Run& run);

}  // namespace decant
