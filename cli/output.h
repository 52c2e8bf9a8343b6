// Standard output: data only, every failure noticed, nothing that a terminal could obey.
#pragma once

#include <string>
#include <string_view>

namespace decant {

class Output {
 public:
  Output();  // standard output

  bool is_terminal() const { return terminal_; }

  // Written and flushed. On a terminal, control characters other than line end and tab are left out, because the text
  // is a model's. Throws Error(io) when it cannot be written (a closed pipe has an empty message).
  void write(std::string_view text);

 private:
  bool terminal_;
};

// Without C0, C1 and DEL control characters, line end and tab excepted.
std::string without_controls(std::string_view utf8);

}  // namespace decant
