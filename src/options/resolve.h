// From options to a strategy, as in Hugging Face: it follows from what is set, and contradictions are errors.
#pragma once

#include "options/generation_config.h"

namespace decant {

// The strategy that the options ask for. Nothing set is greedy; do_sample or any option of the sampling group is
// sampling; temperature 0 is greedy whatever else is set, since no other sampling option can change the argmax.
//
// Throws Error(usage) for a value out of range, for options that contradict each other, and for an option that was set
// and that the strategy does not read. Setting an option to its default asks for nothing, and is no error, except in
// the sampling group, where `--temperature 1` asks for sampling.
Strategy resolve_strategy(const GenerationConfig& config);

}  // namespace decant
