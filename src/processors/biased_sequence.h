// Token sequences with a bias, as the options sequence_bias, logit_bias and bad_words write them.
//
// Each function reads all elements of its option or throws Error(usage), which names the element and what is wrong.
// TEXT is tokenised without special tokens and without a BOS; "[ID,ID,...]" is always a list of ids.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "model/vocab.h"

namespace decant {

struct BiasedSequence {
  std::vector<Token> tokens;  // at least one
  float bias;                 // no NaN, not +infinity; -infinity bans

  bool operator==(const BiasedSequence&) const = default;
};

// "TEXT" or "[ID,ID,...]"; at least one token. `option` is for messages.
std::vector<Token> parse_tokens(std::string_view option, std::string_view text, const Vocab& vocab);

// "TEXT=BIAS" or "[ID,ID,...]=BIAS", split at the last '='.
std::vector<BiasedSequence> parse_sequence_bias(const std::vector<std::string>& texts, const Vocab& vocab);

// "ID=BIAS", or as llama.cpp writes it, "ID+BIAS" and "ID-BIAS".
std::vector<BiasedSequence> parse_logit_bias(const std::vector<std::string>& texts, const Vocab& vocab);

// "TEXT" or "[ID,ID,...]". A single token of `eos` is left out, as in Hugging Face: nothing would end.
std::vector<BiasedSequence> parse_bad_words(const std::vector<std::string>& texts, const Vocab& vocab,
                                            std::span<const Token> eos);

}  // namespace decant
