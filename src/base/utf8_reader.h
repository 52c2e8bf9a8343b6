// Characters out of bytes that come one at a time, as tokens cut them.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace decant {

// All code points from the first to the last.
struct CodePoints {
  char32_t first, last;
  auto operator<=>(const CodePoints&) const = default;
};

// A character begun: `missing` bytes are still to come, none between two characters.
class Utf8Reader {
 public:
  enum class Result { character, more, ill_formed };

  // `character`: value() is complete. After ill_formed the reader is of no more use.
  Result push(std::uint8_t byte);

  char32_t value() const { return value_; }
  bool between_characters() const { return missing_ == 0; }
  CodePoints possible() const;  // what the character begun can become

  auto operator<=>(const Utf8Reader&) const = default;

 private:
  Result begin(char32_t value, int missing, char32_t least);

  char32_t value_ = 0;
  int missing_ = 0;
  char32_t least_ = 0;  // what fewer bytes could say is no character
};

std::u32string utf32(std::string_view utf8);  // of well-formed text

}  // namespace decant
