// Lists of token ids that a user gave: checked against the vocabulary before anything is indexed with them.
#pragma once

#include <span>
#include <string_view>

#include "base/error.h"
#include "base/token.h"
#include "processors/scores.h"

namespace decant {

// Throws Error(usage), with the name of the option, for an id that is not in the vocabulary.
inline void check_token_ids(std::string_view option, std::span<const Token> ids, int n_vocab) {
  for (const Token id : ids) {
    if (id >= 0 && id < n_vocab) continue;
    throw Error(ErrorKind::usage, "{} has the token id {}, but this vocabulary ends at {}", option, id, n_vocab - 1);
  }
}

inline void remove_tokens(Scores& scores, std::span<const Token> ids) {
  scores.edit(ids, [](float) { return -std::numeric_limits<float>::infinity(); });
}

}  // namespace decant
