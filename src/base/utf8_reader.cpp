#include "base/utf8_reader.h"

#include <algorithm>

namespace decant {

Utf8Reader::Result Utf8Reader::push(std::uint8_t byte) {
  if (missing_ == 0) {
    if (byte < 0x80) return begin(byte, 0, 0);
    if (byte < 0xC2 || byte > 0xF4) return Result::ill_formed;
    if (byte < 0xE0) return begin(byte & 0x1Fu, 1, 0x80);
    if (byte < 0xF0) return begin(byte & 0x0Fu, 2, 0x800);
    return begin(byte & 0x07u, 3, 0x10000);
  }
  if ((byte & 0xC0) != 0x80) return Result::ill_formed;
  value_ = (value_ << 6) | (byte & 0x3Fu);
  --missing_;
  const auto [first, last] = possible();
  if (first > last || first > 0x10FFFF || (first >= 0xD800 && last <= 0xDFFF)) return Result::ill_formed;
  return missing_ == 0 ? Result::character : Result::more;
}

Utf8Reader::Result Utf8Reader::begin(char32_t value, int missing, char32_t least) {
  value_ = value;
  missing_ = missing;
  least_ = least;
  return missing == 0 ? Result::character : Result::more;
}

CodePoints Utf8Reader::possible() const {
  const char32_t first = value_ << (6 * missing_);
  return {std::max(first, least_), first | ((char32_t{1} << (6 * missing_)) - 1)};
}

std::u32string utf32(std::string_view utf8) {
  std::u32string result;
  Utf8Reader reader;
  for (const char byte : utf8) {
    if (reader.push(static_cast<std::uint8_t>(byte)) == Utf8Reader::Result::character) result += reader.value();
  }
  return result;
}

}  // namespace decant
