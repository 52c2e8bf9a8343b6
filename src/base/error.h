// The one exception type for everything that a user, a file or a machine can cause.
//
// A message is one sentence or two: what happened, where, and what to do. Broken invariants of our own are asserts.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace decant {

// The value of a kind is the exit code of the program (sysexits.h).
enum class ErrorKind {
  usage = 64,        // options or arguments that cannot be carried out as asked
  data = 65,         // a file or text whose content is wrong
  no_input = 66,     // a file that is not there or cannot be read
  unavailable = 69,  // something this build, machine or model does not have
  internal = 70,     // a fault of ours, or of a library below us
  io = 74,           // reading or writing failed half-way
};

class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}

  // Error(ErrorKind::usage, "top_p is {}: it must lie in (0, 1]", p)
  template <class... Args>
    requires(sizeof...(Args) > 0)
  Error(ErrorKind kind, fmt::format_string<Args...> format, Args&&... args)
      : Error(kind, fmt::format(format, std::forward<Args>(args)...)) {}

  ErrorKind kind() const { return kind_; }
  int exit_code() const { return static_cast<int>(kind_); }

 private:
  ErrorKind kind_;
};

}  // namespace decant
