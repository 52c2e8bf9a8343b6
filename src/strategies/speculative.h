// Speculative decoding: somebody guesses how a text goes on (drafters/), the model is asked about all of it in one
// forward, and what it would have written itself is kept.
//
// Whatever is written token by token goes through write_texts(): greedily, by draws, and with any scoring. By race, the
// default, a token is the same function of text and seed whether it was guessed or not, so that guesses change nothing
// but the time. By rejection or as a block (verify.h) the law of the texts is kept, but a seed's text is another one.
#pragma once

#include <string>
#include <vector>

#include "drafters/drafter.h"
#include "options/generation_config.h"

namespace decant {

// `reads`, and the options of speculation.
std::vector<std::string_view> with_speculation(std::vector<std::string_view> reads);

// Throws Error(usage) where the options of speculation contradict one another, or name what there is not.
void check_speculation(const GenerationConfig& config, bool draws);

// Throws Error(usage) if anybody is to guess: there is no use for it with `what`.
void reject_speculation(const GenerationConfig& config, std::string_view what);

}  // namespace decant
