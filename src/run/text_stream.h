// Turns a sequence's bytes into text that may be shown at once: whole UTF-8 characters, and nothing that may turn out
// to be the beginning of a stop string that is not to be shown. Such a string may begin in the prompt.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/utf8.h"

namespace decant {

class TextStream {
 public:
  // `prompt`: the text before; of its end, as much as the hidden strings are long will do.
  explicit TextStream(std::vector<std::string> hidden_strings = {}, std::string_view prompt = {});

  std::string push(std::string_view bytes);  // the text that can now be shown
  std::string finish(std::size_t cut = 0);   // the rest, without the last `cut` bytes
  std::size_t held_bytes() const;            // of those that were pushed, how many are not yet shown

 private:
  std::string release(std::size_t size);

  std::vector<std::string> hidden_;
  std::string held_;
  std::size_t prompt_bytes_;  // of held_, at its beginning
  Utf8Buffer utf8_;
};

}  // namespace decant
