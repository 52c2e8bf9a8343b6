#include "cli/output.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/utf8.h"

namespace decant {
namespace {

int descriptor_of(StandardStream stream) { return stream == StandardStream::output ? STDOUT_FILENO : STDERR_FILENO; }

}  // namespace

void hold_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // The lowest free number is the stream's, as those below it are taken by now. Opened the wrong way round.
    if (fcntl(stream, F_GETFD) < 0) open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

Output::Output() : terminal_(isatty(STDOUT_FILENO) == 1) {}

void Output::write(std::string_view text) {
  std::string safe;
  if (terminal_) text = safe = without_controls(text);
  write_styled(text);
}

void Output::write_styled(std::string_view text) {
  const int error = write_all(STDOUT_FILENO, text);
  if (error == EPIPE) throw Error(ErrorKind::io, std::string());  // the reader has seen enough
  if (error != 0) throw Error(ErrorKind::io, "standard output cannot be written: {}", std::strerror(error));
}

TerminalSize terminal_size(StandardStream stream) {
  winsize size{};
  if (ioctl(descriptor_of(stream), TIOCGWINSZ, &size) != 0) return {};
  return {size.ws_col, size.ws_row};
}

int terminal_width() {
  const int columns = terminal_size(StandardStream::output).columns;
  return columns > 0 ? columns : 80;
}

bool can_redraw(StandardStream stream) {
  const char* term = std::getenv("TERM");
  return isatty(descriptor_of(stream)) == 1 && (!term || std::string_view(term) != "dumb");
}

void tell(std::string_view text) {
  write_all(STDERR_FILENO, isatty(STDERR_FILENO) == 1 ? without_controls(text) : std::string(text));
}

void tell_at_terminal(std::string_view text) {
  if (isatty(STDERR_FILENO) == 1) tell(text);
}

std::string without_controls(std::string_view text) {
  const std::string utf8 = as_utf8(text);
  std::string safe;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<unsigned char>(utf8[i]);
    const bool c1 = byte == 0xC2 && static_cast<unsigned char>(utf8[i + 1]) < 0xA0;
    if (c1) {
      ++i;
    } else if (byte == '\n' || byte == '\t' || (byte >= 0x20 && byte != 0x7F)) {
      safe += utf8[i];
    }
  }
  return safe;
}

}  // namespace decant
