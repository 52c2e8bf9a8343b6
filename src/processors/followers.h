// Which tokens have followed a pattern: what an n-gram ban removes.
#pragma once

#include <span>
#include <vector>

#include "base/token.h"

namespace decant {

// The token behind every occurrence of `pattern` in `text`, in the order of the text. The empty pattern occurs
// everywhere.
std::vector<Token> followers(std::span<const Token> text, std::span<const Token> pattern);

}  // namespace decant
