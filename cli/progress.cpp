#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "cli/output.h"
#include "cli/style.h"

namespace decant {
namespace {

constexpr auto kPatience = std::chrono::milliseconds(400);
constexpr auto kPause = std::chrono::milliseconds(100);  // between two drawings
constexpr int kWidth = 30;

}  // namespace

Progress::Progress(std::string what, bool enabled)
    : what_(std::move(what)), enabled_(enabled && can_redraw(StandardStream::error)) {}

void Progress::wipe() {
  if (std::exchange(shown_, false)) fmt::print(stderr, "\r\033[K");
  percent_ = -1;
}

void Progress::update(double fraction, std::string_view note) {
  const auto now = std::chrono::steady_clock::now();
  if (!enabled_ || now - begin_ < kPatience || now - drawn_ < kPause) return;
  const int percent = static_cast<int>(100 * std::clamp(fraction, 0.0, 1.0));
  if (percent == percent_ && note == note_) return;
  drawn_ = now;
  percent_ = percent;
  note_ = note;
  shown_ = true;
  const int width = terminal_size(StandardStream::error).columns;
  fmt::print(stderr, "\r{}\033[K", progress_line(what_, percent, note, width > 0 ? width : 80));
  std::fflush(stderr);
}

std::string progress_line(std::string_view what, int percent, std::string_view note, int width) {
  const std::string figures = fmt::format(" {}%{}{}", percent, note.empty() ? "" : ", ", harmless(note));
  const int room = width - 1 - columns(what) - columns(figures);  // a full line would go on in the next one
  const int bar = std::min(room - 3, kWidth);
  if (bar < 5) return fit_end(fmt::format("{}{}", what, figures), width - 1);
  const int filled = percent * bar / 100;
  return fmt::format("{} [{:#<{}}{:.<{}}]{}", what, "", filled, "", bar - filled, figures);
}

std::string time_left(double seconds) {
  if (!(seconds < 360'000)) return "days left";
  const long whole = static_cast<long>(seconds + 0.5);
  if (whole < 60) return fmt::format("{} s left", whole);
  if (whole < 3600) return fmt::format("{} min left", (whole + 30) / 60);
  return fmt::format("{} h {} min left", whole / 3600, whole % 3600 / 60);
}

}  // namespace decant
