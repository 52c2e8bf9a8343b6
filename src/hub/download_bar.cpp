#include "hub/download_bar.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace decant {
namespace {

constexpr auto kPause = std::chrono::milliseconds(100);  // between two drawings
constexpr std::uintmax_t kWidest = 30;

std::string megabytes(std::uintmax_t bytes) {
  return bytes < 1'000'000 ? fmt::format("{} kB", (bytes + 999) / 1000) : fmt::format("{} MB", bytes / 1'000'000);
}

std::uintmax_t terminal_columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

bool can_redraw() {
  const char* term = std::getenv("TERM");
  return isatty(STDERR_FILENO) && (!term || std::string_view(term) != "dumb");
}

}  // namespace

DownloadBar::DownloadBar(const std::string& what, std::uintmax_t size, DownloadProgress progress)
    : label_(fmt::format("{} ({})", what, megabytes(size))),
      size_(std::max<std::uintmax_t>(size, 1)),
      bar_(progress == DownloadProgress::on_stderr && can_redraw()) {
  if (progress == DownloadProgress::on_stderr && !bar_) fmt::print(stderr, "{}\n", label_);
}

DownloadBar::~DownloadBar() {
  if (bar_) fmt::print(stderr, "\r\033[K");
}

void DownloadBar::update(std::uintmax_t done) {
  if (!bar_) return;
  const auto now = std::chrono::steady_clock::now();
  if (!begun_) first_ = done, begin_ = now, begun_ = true;
  if (now - drawn_ < kPause) return;
  drawn_ = now;
  done = std::min(done, size_);
  const double seconds = std::chrono::duration<double>(now - begin_).count();
  const double pace = done > first_ && seconds > 1 ? static_cast<double>(done - first_) / seconds : 0;
  std::string figures = fmt::format(" {:3}%", 100 * done / size_);
  if (pace > 0) {
    const auto left = static_cast<long>(static_cast<double>(size_ - done) / pace);
    figures += fmt::format(", {:.1f} MB/s, {} left", pace / 1e6,
                           left < 100 ? fmt::format("{} s", left) : fmt::format("{} min", (left + 30) / 60));
  }
  const std::uintmax_t columns = terminal_columns(), used = label_.size() + figures.size() + 4;
  const std::uintmax_t width = columns > used ? std::min(columns - used, kWidest) : 0;
  const std::uintmax_t filled = width * done / size_;
  const std::string bar = width < 5 ? "" : fmt::format(" [{:#<{}}{:.<{}}]", "", filled, "", width - filled);
  fmt::print(stderr, "\r{}\033[K", (label_ + bar + figures).substr(0, columns - 1));
  std::fflush(stderr);
}

}  // namespace decant
