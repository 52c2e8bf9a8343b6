// The least number of tokens that every truncation leaves: 1, or more where beams need continuations.
#pragma once

#include "base/error.h"

namespace decant {

inline int checked_min_tokens_to_keep(int n) {
  if (n < 1) throw Error(ErrorKind::usage, "min_tokens_to_keep is {}: it must be at least 1", n);
  return n;
}

}  // namespace decant
