// Standard output: data only, every failure noticed. Standard error: everything else, as well as it goes. On a terminal
// neither writes what it could obey: text comes from models and from their files.
#pragma once

#include <string>
#include <string_view>

namespace decant {

// Gives each closed standard stream a descriptor that fails as a closed one does: else the next file that is opened
// takes its number, and what is meant for the stream is written into that file.
void hold_standard_streams();

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

struct TerminalSize {
  int columns = 0, lines = 0;  // 0: it is no terminal, or does not say
};
enum class StandardStream { output, error };
TerminalSize terminal_size(StandardStream stream);

int terminal_width();  // columns of standard output's; 80 if they are not known

// What is on the screen can be overwritten: a terminal, and none that only prints (TERM=dumb).
bool can_redraw(StandardStream stream);

// On standard error. What cannot be written there is lost: there is nobody left to tell.
void tell(std::string_view text);

// The same, but only to somebody who sits at a terminal: scripts are told by exit codes.
void tell_at_terminal(std::string_view text);

// Without C0, C1 and DEL control characters, line end and tab excepted; bytes that are no UTF-8, which an old terminal
// takes for C1, as U+FFFD.
std::string without_controls(std::string_view text);

}  // namespace decant
