#pragma once

#include "run/run.h"

namespace decant {

Task<void> diverse_beam(Run& run);

}  // namespace decant
