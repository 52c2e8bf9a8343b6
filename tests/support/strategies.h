// The strategies as functions, for tests that start them by themselves.
#pragma once

#include "strategies/row.h"

namespace decant::testing {

inline Task<void> greedy(Run& run) { return strategy("greedy").run(run); }
inline Task<void> sample(Run& run) { return strategy("sample").run(run); }
inline Task<void> beam(Run& run) { return strategy("beam").run(run); }
inline Task<void> beam_sample(Run& run) { return strategy("beam_sample").run(run); }
inline Task<void> diverse_beam(Run& run) { return strategy("diverse_beam").run(run); }
inline Task<void> constrained_beam(Run& run) { return strategy("constrained_beam").run(run); }
inline Task<void> contrastive_search(Run& run) { return strategy("contrastive_search").run(run); }
inline Task<void> contrastive_decoding(Run& run) { return strategy("contrastive_decoding").run(run); }
inline Task<void> dola(Run& run) { return strategy("dola").run(run); }

}  // namespace decant::testing
