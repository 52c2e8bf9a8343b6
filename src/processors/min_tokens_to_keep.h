// The least number of tokens that every truncation leaves: 1, or more where beams need continuations.
#pragma once

#include <algorithm>

#include "processors/row.h"

namespace decant {

inline int min_tokens_to_keep(const GenerationConfig& config, const ChainSetup& setup) {
  const int n = std::max(setup.min_tokens_to_keep, config.min_tokens_to_keep);
  if (n < 1) throw Error(ErrorKind::usage, "min_tokens_to_keep is {}: it must be at least 1", n);
  return n;
}

}  // namespace decant
