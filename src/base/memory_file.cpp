// Tested by tests/base/memory_file_test.cpp.
#include "base/memory_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace decant {

MemoryFile::MemoryFile(const char* name) : descriptor_(memfd_create(name, MFD_CLOEXEC)) {
  if (descriptor_ < 0) throw Error(ErrorKind::unavailable, "no file in memory could be made: {}", std::strerror(errno));
  path_ = fmt::format("/proc/self/fd/{}", descriptor_);
}

MemoryFile::~MemoryFile() { close(descriptor_); }

void MemoryFile::append(std::string_view bytes) {
  lseek(descriptor_, 0, SEEK_END);
  while (!bytes.empty()) {
    const ssize_t n = write(descriptor_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0)
      throw Error(ErrorKind::unavailable, "{} bytes of a file in memory could not be written: {}", bytes.size(),
                  std::strerror(errno));
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

void MemoryFile::append_hole(std::size_t bytes) {
  const off_t end = lseek(descriptor_, 0, SEEK_END);
  if (ftruncate(descriptor_, end + static_cast<off_t>(bytes)) == 0) return;
  throw Error(ErrorKind::unavailable, "a file in memory could not be made longer: {}", std::strerror(errno));
}

}  // namespace decant
