// Text that streams to a terminal, its words kept whole: one that does not fit any more is taken back and written again
// on the next line.
#pragma once

#include <string>
#include <string_view>

namespace decant {

class WordWrap {
 public:
  // What to send to a terminal of `width` columns, whose line begins where this text began, for some more text:
  // harmless UTF-8, whole characters. A width of 0 wraps nothing.
  std::string push(std::string_view text, int width);

 private:
  void put(std::string_view character, int width, std::string& out);

  int column_ = 0;    // of the terminal, where the next character comes
  std::string word_;  // since the last place where the line may be broken
  int word_columns_ = 0;
};

}  // namespace decant
