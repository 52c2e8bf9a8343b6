// Marks within a text that comes in pieces.
#pragma once

#include <algorithm>
#include <string_view>

namespace decant {

inline constexpr std::string_view kBlanks = " \t\r\n";

// How much of the text's end may be the beginning of the mark.
inline std::size_t possible_beginning(std::string_view text, std::string_view mark) {
  std::size_t size = mark.empty() ? 0 : std::min(text.size(), mark.size() - 1);
  while (size > 0 && !mark.starts_with(text.substr(text.size() - size))) --size;
  return size;
}

}  // namespace decant
