// A file's bytes, mapped read-only for as long as the object lives.
//
// Throws Error: no_input when there is no such file or it may not be read, data when it is no regular file, io when
// mapping fails. The file must not shrink meanwhile; ours are replaced by renaming, never rewritten.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>

namespace decant {

class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::string_view bytes() const { return {static_cast<const char*>(data_), size_}; }

 private:
  void* data_ = nullptr;  // null for an empty file
  std::size_t size_ = 0;
};

}  // namespace decant
