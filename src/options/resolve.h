// From options to a strategy, as in Hugging Face: it follows from what is set, and contradictions are errors.
#pragma once

#include "options/generation_config.h"

namespace decant {

// The strategy that the options ask for. Nothing set is greedy; do_sample or any option of the sampling group is
// sampling; temperature 0 draws nothing whatever else is set, since no other sampling option can change the argmax.
// num_beams above 1 is beam search, or with sampling beam sampling; num_beam_groups makes it diverse, force_words
// constrained, and those two do not sample.
//
// Throws Error(usage) for a value out of range, for options that contradict each other, and for an option that was set
// and that the strategy does not read. Setting an option to its default asks for nothing, and is no error, except in
// the sampling group, where `--temperature 1` asks for sampling.
Strategy resolve_strategy(const GenerationConfig& config);

}  // namespace decant
