// The window that a penalty looks at: the last n tokens, all of them for -1.
#pragma once

#include <algorithm>
#include <span>

#include "base/error.h"
#include "base/token.h"

namespace decant {

inline int checked_last_n(int n) {
  if (n < -1) throw Error(ErrorKind::usage, "penalty_last_n is {}: it must be at least 0, or -1 for all tokens", n);
  return n;
}

inline std::span<const Token> last_tokens(std::span<const Token> tokens, int n) {
  return n < 0 ? tokens : tokens.last(std::min(tokens.size(), static_cast<std::size_t>(n)));
}

}  // namespace decant
