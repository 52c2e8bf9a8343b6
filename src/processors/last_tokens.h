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

// What leaves the range of a float stays at its end, so that no penalty, however large, removes a token or makes its
// score a number no more.
inline float saturated(double score) {
  constexpr double largest = std::numeric_limits<float>::max();
  return static_cast<float>(std::clamp(score, -largest, largest));
}

inline std::span<const Token> last_tokens(std::span<const Token> tokens, int n) {
  return n < 0 ? tokens : tokens.last(std::min(tokens.size(), static_cast<std::size_t>(n)));
}

}  // namespace decant
