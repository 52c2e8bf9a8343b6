#include "base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "base/descriptor.h"
#include "base/error.h"

namespace decant {
MappedFile::MappedFile(const std::filesystem::path& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // a pipe must not make us wait
  if (file.number < 0 && (errno == ENOENT || errno == ENOTDIR)) {
    throw Error(ErrorKind::no_input, "no such file: {}", path.string());
  }
  if (file.number < 0) throw Error(ErrorKind::no_input, "cannot read {}: {}", path.string(), std::strerror(errno));
  struct stat status {};
  if (fstat(file.number, &status) != 0) {
    throw Error(ErrorKind::io, "cannot read {}: {}", path.string(), std::strerror(errno));
  }
  if (S_ISDIR(status.st_mode)) throw Error(ErrorKind::data, "{} is a folder, not a file", path.string());
  if (!S_ISREG(status.st_mode)) throw Error(ErrorKind::data, "{} is not a regular file", path.string());
  if (status.st_size == 0) return;
  void* data = mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ, MAP_PRIVATE, file.number, 0);
  if (data == MAP_FAILED) throw Error(ErrorKind::io, "cannot read {}: {}", path.string(), std::strerror(errno));
  data_ = data;
  size_ = static_cast<std::size_t>(status.st_size);
}

MappedFile::~MappedFile() {
  if (data_) munmap(data_, size_);
}

}  // namespace decant
