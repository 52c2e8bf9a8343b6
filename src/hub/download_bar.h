// How far a download is: a bar on a terminal, one line elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace decant {

enum class DownloadProgress { silent, on_stderr };

class DownloadBar {
 public:
  // "Downloading the model smollm2", bytes.
  DownloadBar(const std::string& what, std::uintmax_t size, DownloadProgress progress);
  ~DownloadBar();
  DownloadBar(const DownloadBar&) = delete;
  DownloadBar& operator=(const DownloadBar&) = delete;

  // Bytes that are here. Drawn ten times a second at most, with the pace since the first of them.
  void update(std::uintmax_t done);

 private:
  std::string label_;
  std::uintmax_t size_, first_ = 0;
  bool bar_, begun_ = false;
  std::chrono::steady_clock::time_point begin_, drawn_ = {};
};

}  // namespace decant
