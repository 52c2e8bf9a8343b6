#include "hub/file_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/descriptor.h"
#include "base/error.h"

namespace decant {

FileLock::FileLock(const std::filesystem::path& path, DownloadProgress progress, const std::string& advice)
    : file_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  if (file_ < 0) {
    throw Error(ErrorKind::io, "cannot write to {}: {}; {}", path.parent_path().string(), std::strerror(errno), advice);
  }
  if (flock(file_, LOCK_EX | LOCK_NB) == 0) return;
  if (progress == DownloadProgress::on_stderr) fmt::print(stderr, "Waiting for another download to end\n");
  while (flock(file_, LOCK_EX) != 0 && errno == EINTR) {
  }
}

FileLock::~FileLock() { close(file_); }

void write_through(const std::filesystem::path& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.number < 0 || fsync(file.number) != 0)
    throw Error(ErrorKind::io, "cannot write {}: {}", path.string(), std::strerror(errno));
}

}  // namespace decant
