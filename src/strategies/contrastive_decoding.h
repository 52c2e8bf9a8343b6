#pragma once

#include "run/run.h"

namespace decant {

// The Run's models: 0 is the expert, 1 the amateur, of the same vocabulary.
Task<void> contrastive_decoding(Run& run);

}  // namespace decant
