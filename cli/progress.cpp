#include "cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace decant {
namespace {

constexpr auto kPatience = std::chrono::milliseconds(400);
constexpr int kWidth = 30;

}  // namespace

Progress::Progress(std::string what, bool enabled)
    : what_(std::move(what)), enabled_(enabled && isatty(STDERR_FILENO) == 1) {}

void Progress::wipe() {
  if (std::exchange(shown_, false)) fmt::print(stderr, "\r\033[K");
  percent_ = -1;
}

void Progress::update(double fraction, std::string_view note) {
  if (!enabled_ || std::chrono::steady_clock::now() - begin_ < kPatience) return;
  const int percent = static_cast<int>(100 * std::clamp(fraction, 0.0, 1.0));
  if (percent == percent_ && note == note_) return;
  percent_ = percent;
  note_ = note;
  shown_ = true;
  const int filled = percent * kWidth / 100;
  fmt::print(stderr, "\r{} [{:#<{}}{:.<{}}] {}%{}{}\033[K", what_, "", filled, "", kWidth - filled, percent,
             note.empty() ? "" : ", ", note);
  std::fflush(stderr);
}

}  // namespace decant
