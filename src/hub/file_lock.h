// A file that one process has at a time; freed by the system if that dies.
#pragma once

#include <filesystem>
#include <string>

#include "hub/download_bar.h"

namespace decant {

class FileLock {
 public:
  // Waits for it, and says so. Throws Error(io) with `advice` if the file cannot be written.
  FileLock(const std::filesystem::path& path, DownloadProgress progress, const std::string& advice);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int file_;
};

// So that no crash of the machine leaves a name without its content. Throws Error(io).
void write_through(const std::filesystem::path& path);

}  // namespace decant
