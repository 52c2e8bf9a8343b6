#include "cli/output.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstring>

#include "base/descriptor.h"
#include "base/error.h"

namespace decant {

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

int terminal_width() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

void tell(std::string_view text) {
  write_all(STDERR_FILENO, isatty(STDERR_FILENO) == 1 ? without_controls(text) : std::string(text));
}

std::string without_controls(std::string_view utf8) {
  std::string safe;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<unsigned char>(utf8[i]);
    const bool c1 = byte == 0xC2 && i + 1 < utf8.size() && static_cast<unsigned char>(utf8[i + 1]) < 0xA0;
    if (c1) {
      ++i;
    } else if (byte == '\n' || byte == '\t' || (byte >= 0x20 && byte != 0x7F)) {
      safe += utf8[i];
    }
  }
  return safe;
}

}  // namespace decant
