#pragma once

#include "run/run.h"

namespace decant {

Task<void> beam(Run& run);
Task<void> beam_sample(Run& run);

class Contrast;

// Beam search on the contrast's scores.
Task<void> beam_of_contrast(Run& run, Contrast& contrast);

}  // namespace decant
