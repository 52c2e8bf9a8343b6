// Which tokens have followed a pattern: what an n-gram ban removes.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "base/token.h"

namespace decant {

// The token behind every occurrence of `pattern` in `text`, in the order of the text. The empty pattern occurs
// everywhere.
inline std::vector<Token> followers(std::span<const Token> text, std::span<const Token> pattern) {
  std::vector<Token> found;
  for (std::size_t end = pattern.size(); end < text.size(); ++end) {
    // From its end: the last token of the pattern tells nearly all places apart.
    const auto before = text.first(end);
    if (std::equal(pattern.rbegin(), pattern.rend(), before.rbegin())) found.push_back(text[end]);
  }
  return found;
}

}  // namespace decant
