// Lines at the end of what is on a terminal that are drawn again and again.
#pragma once

#include <chrono>
#include <string>

#include "cli/output.h"

namespace decant {

class LiveLines {
 public:
  explicit LiveLines(Output& output) : output_(output) {}

  // Whether it is time to draw them: standard output can be redrawn, and they have stood for a moment.
  bool are_due() const;
  void draw(std::string lines);  // in place of those before; the first ones, as many as there is room for
  void wipe();

 private:
  Output& output_;
  int count_ = 0;  // on the screen
  std::chrono::steady_clock::time_point drawn_ = {};
};

}  // namespace decant
