// Turns a sequence's bytes into text that may be shown at once: whole UTF-8 characters, and nothing that may turn out
// to be the beginning of a stop string that is not to be shown.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/utf8.h"

namespace decant {

class TextStream {
 public:
  explicit TextStream(std::vector<std::string> hidden_strings = {}) : hidden_(std::move(hidden_strings)) {}

  std::string push(std::string_view bytes);  // the text that can now be shown
  std::string finish(std::size_t cut = 0);   // the rest, without the last `cut` bytes

 private:
  std::vector<std::string> hidden_;
  std::string held_;
  Utf8Buffer utf8_;
};

}  // namespace decant
