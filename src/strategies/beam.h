#pragma once

#include "run/run.h"

namespace decant {

Task<void> beam(Run& run);
Task<void> beam_sample(Run& run);

}  // namespace decant
