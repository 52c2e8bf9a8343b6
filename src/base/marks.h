// Strings that end or divide a text which comes in pieces.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace decant {

inline constexpr std::string_view kBlanks = " \t\r\n";

// Where the first other character stands; the text's end: none does.
inline std::size_t behind_blanks(std::string_view text) {
  return std::min(text.find_first_not_of(kBlanks), text.size());
}

// Where the blanks at its end begin.
inline std::size_t without_blanks(std::string_view text) { return text.find_last_not_of(kBlanks) + 1; }

// How much of the text's end may be the beginning of the mark, at most all of it but one byte.
inline std::size_t possible_beginning(std::string_view text, std::string_view mark) {
  std::size_t size = mark.empty() ? 0 : std::min(text.size(), mark.size() - 1);
  while (size > 0 && !mark.starts_with(text.substr(text.size() - size))) --size;
  return size;
}

template <class Marks>
std::size_t possible_beginning_of_any(std::string_view text, const Marks& marks) {
  std::size_t most = 0;
  for (const std::string_view each : marks) most = std::max(most, possible_beginning(text, each));
  return most;
}

}  // namespace decant
