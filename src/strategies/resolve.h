// From options to a strategy, as in Hugging Face: it follows from what is set, and contradictions are errors.
#pragma once

#include "strategies/row.h"

namespace decant {

// The strategy that the options ask for, after the strategies' rows. Nothing set is greedy; do_sample or any option of
// the sampling group is sampling; temperature 0 draws nothing whatever else is set, since no other sampling option can
// change the argmax. num_beams above 1 is beam search, or with sampling beam sampling; num_beam_groups makes it
// diverse, force_words constrained, and those two do not sample.
//
// penalty_alpha is contrastive search, an amateur contrastive decoding, dola_layers DoLa; top_k is an option of the
// former two then. The latter two sample when a sampling option is set, and contrastive decoding may keep num_beams.
//
// Throws Error(usage) for a value out of range, for options that contradict each other, and for an option that was set
// and that the strategy does not read. Setting an option to its default asks for nothing, and is no error, except in
// the sampling group, where `--temperature 1` asks for sampling.
const StrategyRow& resolve_strategy(const GenerationConfig& config);

// Whether tokens are to be drawn, should the strategy be one that can.
bool asks_to_sample(const GenerationConfig& config);

// The option that asks for it; "do_sample" if none does by itself.
std::string_view sampling_option(const GenerationConfig& config);

}  // namespace decant
