// A file without a name on disk: bytes in memory that other code can open by a path while the object lives. (A mapping
// of it lasts on its own.) Linux only, as the path is one of /proc.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>

namespace decant {

class MemoryFile {
 public:
  explicit MemoryFile(const char* name);  // `name` is for debuggers. Throws Error(unavailable)
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  void append(std::string_view bytes);  // at the end. Throws Error(unavailable) when memory is short
  void append_hole(std::size_t bytes);  // zeros, which take no memory

 private:
  int descriptor_;
  std::filesystem::path path_;
};

}  // namespace decant
