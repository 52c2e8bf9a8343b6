// The file of a sweep, JSON Lines: a header that says which sweep it is, then the results in the order of their
// numbers.
//
// A line is written and flushed to the disk as soon as its result is there, so that the file is the beginning of the
// finished one at any moment, but for the last line, which may be cut: it is dropped when the sweep goes on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

namespace decant {

inline constexpr int kSweepSchema = 1;  // of its lines: the header's "sweep"

class SweepFile {
 public:
  // Opens a file that exists, and keeps others from writing to it; checks whether one could be made otherwise. Throws
  // Error: io when it cannot be written, data when it is no sweep.
  explicit SweepFile(std::filesystem::path path);
  ~SweepFile();
  SweepFile(const SweepFile&) = delete;
  SweepFile& operator=(const SweepFile&) = delete;

  // Makes the file, or goes on with it. Returns how many results it has. Throws Error(data) for another sweep's.
  std::uint64_t begin(std::string_view header);

  void append(std::string_view line);  // without its end

  const std::filesystem::path& path() const { return path_; }

 private:
  SweepFile(std::filesystem::path path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  [[noreturn]] void fail(std::string_view reason) const;
  void lock();
  void write(std::string_view text);
  bool read_line(std::uint64_t offset, std::string& line) const;  // false: it has no end

  std::filesystem::path path_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;  // of what is whole
};

}  // namespace decant
