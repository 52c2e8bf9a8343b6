// Tested by tests/cli/word_wrap_test.cpp and terminal_test.py.
#include "cli/word_wrap.h"

#include <fmt/format.h>

#include "cli/style.h"

namespace decant {

std::string WordWrap::push(std::string_view text, int width) {
  if (width <= 0) return std::string(text);
  std::string out;
  while (!text.empty()) {
    const std::string_view character = first_character(text);
    text.remove_prefix(character.size());
    put(character, width, out);
  }
  return out;
}

void WordWrap::put(std::string_view character, int width, std::string& out) {
  constexpr int tab = 8;
  const bool is_tab = character == "\t", blank = is_tab || character == " ", line_end = character == "\n";
  const int wide = is_tab ? tab - column_ % tab : line_end ? 0 : columns(character);
  const bool fits = column_ + wide + (is_tab ? 1 : 0) <= width;  // a tab never leaves its line
  if (blank && !fits) character = "\n";                          // the line's end stands for it
  if (line_end || (blank && !fits)) {
    column_ = 0;
  } else if (fits) {
    column_ += wide;
  } else if (wide == 1 && word_columns_ > 0 && word_columns_ < column_) {
    // Absolute, since a terminal at its last column may or may not have gone on to the next line.
    out += fmt::format("\033[{}G\033[K\n{}", column_ - word_columns_ + 1, word_);
    column_ = word_columns_ + 1;
  } else {
    if (wide > 1 || word_columns_ == 0) out += "\n";  // a word longer than the line is left to the terminal
    column_ = wide;
    word_columns_ = 0;
    word_.clear();
  }
  out += character;
  if (blank || line_end || wide > 1) {  // between the characters of Chinese or Japanese, a line may break anywhere
    word_.clear();
    word_columns_ = 0;
  } else if (wide > 0 || word_columns_ > 0) {  // a mark stays with what it is drawn onto
    word_ += character;
    word_columns_ += wide;
  }
}

}  // namespace decant
