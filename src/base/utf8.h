// UTF-8 as it comes out of a model: tokens end in the middle of characters, and sampled bytes may be no text at all.
//
// What is not UTF-8 becomes U+FFFD, one for each maximal subpart of an ill-formed sequence: the practice of Unicode
// (section 3.9), the WHATWG decoder and Python's errors="replace".
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace decant {

// Joins pieces of text cut anywhere. The concatenation of everything returned depends only on the concatenation of
// everything pushed, and every returned string is valid UTF-8 by itself.
class Utf8Buffer {
 public:
  // The characters completed by `bytes`; an incomplete tail is held back.
  std::string push(std::string_view bytes);

  // What is held back can no longer be completed: U+FFFD, or "" if nothing is held. The buffer is as new.
  std::string flush();

  std::string_view held() const { return tail_; }

 private:
  std::string tail_;  // at most 3 bytes: a proper prefix of some character
};

// All of a text at once, an incomplete end included.
std::string as_utf8(std::string_view bytes);

// Offset of the first byte that is part of no character.
std::optional<std::size_t> find_invalid_utf8(std::string_view text);

void append_utf8(std::string& text, char32_t character);

inline bool is_valid_utf8(std::string_view text) { return !find_invalid_utf8(text); }

}  // namespace decant
