// Standard output: data only, every failure noticed. Standard error: everything else, as well as it goes. On a terminal
// neither writes what it could obey: text comes from models and from their files.
#pragma once

#include <string>
#include <string_view>

namespace decant {

class Output {
 public:
  Output();  // standard output

  bool is_terminal() const { return terminal_; }

  // Written and flushed. On a terminal, control characters other than line end and tab are left out. Throws Error(io)
  // when it cannot be written (a closed pipe has an empty message).
  void write(std::string_view text);

  // The same for text that has been made harmless before it was coloured.
  void write_styled(std::string_view text);

 private:
  bool terminal_;
};

int terminal_width();  // columns of standard output's; 80 if it is no terminal

// On standard error. What cannot be written there is lost: there is nobody left to tell.
void tell(std::string_view text);

// Without C0, C1 and DEL control characters, line end and tab excepted.
std::string without_controls(std::string_view utf8);

}  // namespace decant
