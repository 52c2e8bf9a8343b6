#pragma once

#include "run/run.h"

namespace decant {

Task<void> contrastive_search(Run& run);

}  // namespace decant
