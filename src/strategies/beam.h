#pragma once

#include "strategies/scoring.h"

namespace decant {

// Beam search on the scoring's scores, the best texts first: num_beams of them are kept.
Task<void> beam_search(Run& run, Scoring& scoring);

}  // namespace decant
