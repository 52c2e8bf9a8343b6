// One line on standard error that says how far a long step is; only on a terminal, and only once it takes long.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace decant {

class Progress {
 public:
  explicit Progress(std::string what, bool enabled = true);
  ~Progress() { wipe(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void update(double fraction, std::string_view note = {});  // in [0, 1]; the note stands behind it
  void wipe();                                               // before anything else is written to the terminal

 private:
  std::string what_;
  bool enabled_;
  bool shown_ = false;
  int percent_ = -1;
  std::string note_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now(), drawn_ = {};
};

// The line: what is done, a bar, how much of it, the note. Never as wide as the terminal.
std::string progress_line(std::string_view what, int percent, std::string_view note, int width);

std::string time_left(double seconds);  // "12 s left"

}  // namespace decant
