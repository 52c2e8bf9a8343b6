// Tested by tests/cli/input_test.cpp and run_test.py.
#include "cli/input.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "cli/output.h"

namespace decant {
namespace {

constexpr int kPatience = 1000;  // ms in which something should have come, before we say what we wait for

class Descriptor {
 public:
  explicit Descriptor(int number, bool ours) : number_(number), ours_(ours) {}
  ~Descriptor() {
    if (ours_ && number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
  bool ours_;
};

std::string_view kind_of(mode_t mode) {
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISCHR(mode)) return "a device";
  return S_ISSOCK(mode) ? "a socket" : "such a file";
}

// A pipe without a writer and a terminal without a line have nothing yet, and may never have. Whoever sits before a
// terminal is told.
void wait_for_bytes(int descriptor, std::string_view name, std::string_view what, mode_t mode) {
  pollfd readable{.fd = descriptor, .events = POLLIN, .revents = 0};
  if (poll(&readable, 1, kPatience) != 0) return;
  if (isatty(STDERR_FILENO)) {
    const std::string_view where =
        isatty(descriptor) ? "a terminal: Ctrl-D on a line of its own ends it" : kind_of(mode);
    tell(fmt::format("waiting for the {} {} ({})\n", what, name, where));
  }
  poll(&readable, 1, -1);  // a pipe that nobody has opened yet would read as one that is at its end
}

std::string megabytes(std::size_t bytes) { return fmt::format("{} MB", bytes / 1'000'000); }

std::string read_stream(int descriptor, const std::string& name, std::string_view what, mode_t mode, std::size_t most) {
  std::string text;
  char buffer[1 << 16];
  for (;;) {
    const ssize_t count = read(descriptor, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw Error(ErrorKind::io, "{} cannot be read: {}", name, std::strerror(errno));
    if (count == 0) return text;
    text.append(buffer, static_cast<std::size_t>(count));
    if (text.size() > most) {
      throw Error(ErrorKind::data, "{} does not end within {}, the most of a {} that can be read from {}", name,
                  megabytes(most), what, kind_of(mode));
    }
  }
}

}  // namespace

Input::Input(const std::string& path, std::string_view what, std::size_t most)
    : name_(path == "-" ? "standard input" : path) {
  // A pipe that nobody writes to must not keep us from saying so.
  const Descriptor file(path == "-" ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK),
                        path != "-");
  struct stat status {};
  if (file.number() < 0 || fstat(file.number(), &status) != 0)
    throw Error(ErrorKind::no_input, "the {} {} cannot be read: {}", what, path, std::strerror(errno));
  if (S_ISDIR(status.st_mode)) throw Error(ErrorKind::no_input, "{} is a directory, not a {}", path, what);
  // Those of /proc say that they are empty.
  if (S_ISREG(status.st_mode) && status.st_size > 0 && path != "-") {
    if (static_cast<std::size_t>(status.st_size) > most) {
      throw Error(ErrorKind::data, "{} has {} bytes, more than the {} that a {} may have", path, status.st_size,
                  megabytes(most), what);
    }
    file_ = std::make_unique<const MappedFile>(path);
    return;
  }
  if (path != "-") fcntl(file.number(), F_SETFL, 0);  // wait for what comes
  wait_for_bytes(file.number(), name_, what, status.st_mode);
  text_ = read_stream(file.number(), name_, what, status.st_mode, std::min(most, kMostStreamBytes));
}

std::string_view without_last_line_end(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

}  // namespace decant
