// A file that the system knows by a number.
#pragma once

#include <unistd.h>

#include <string_view>

namespace decant {

// Closes it; below 0 there is none.
struct Descriptor {
  explicit Descriptor(int which) : number(which) {}
  ~Descriptor() {
    if (number >= 0) close(number);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  const int number;
};

// All of it, or the error number. A descriptor that somebody else has made non-blocking is waited for.
int write_all(int descriptor, std::string_view bytes);

}  // namespace decant
