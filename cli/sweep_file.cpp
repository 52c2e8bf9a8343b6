// Tested by tests/cli/sweep_file_test.cpp and sweep_test.py.
#include "cli/sweep_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace decant {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

fs::path folder_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

bool is_header(std::string_view line) {
  const json header = json::parse(line, nullptr, false);
  return header.is_object() && header.contains("sweep");
}

// What differs, for people.
std::string difference(std::string_view theirs, std::string_view ours) {
  const json a = json::parse(theirs), b = json::parse(ours);
  for (const auto& [key, value] : b.items()) {
    if (!a.contains(key) || a[key] != value) return key;
  }
  return "header";
}

std::string index_field(std::uint64_t index) { return fmt::format("{{\"index\":{},", index); }

bool is_result(std::string_view line, std::uint64_t index) {
  return line.starts_with(index_field(index)) && json::accept(line);
}

}  // namespace

// By way of the other one, so that an exception closes the file.
SweepFile::SweepFile(fs::path path) : SweepFile(path, open(path.c_str(), O_RDWR | O_CLOEXEC)) {
  if (descriptor_ < 0 && errno != ENOENT) fail(errno == EISDIR ? "it is a directory" : std::strerror(errno));
  if (descriptor_ < 0) {
    std::error_code error;
    const fs::path folder = folder_of(path_);
    if (!fs::is_directory(folder, error)) fail(fmt::format("there is no folder {}", folder.string()));
    if (access(folder.c_str(), W_OK) != 0) fail(std::strerror(errno));
    return;
  }
  struct stat status {};
  if (fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) fail("it is no regular file");
  lock();
  std::string first;
  if (read_line(0, first) && !is_header(first))
    throw Error(ErrorKind::data, "{} is not a sweep: name another file, or remove it", path_.string());
}

SweepFile::~SweepFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

void SweepFile::fail(std::string_view reason) const {
  throw Error(ErrorKind::io, "the sweep {} cannot be written: {}", path_.string(), reason);
}

void SweepFile::lock() {
  if (flock(descriptor_, LOCK_EX | LOCK_NB) != 0)
    fail(errno == EWOULDBLOCK ? "another sweep is writing to it" : std::strerror(errno));
}

std::uint64_t SweepFile::begin(std::string_view header) {
  if (descriptor_ < 0) {
    descriptor_ = open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ < 0) fail(std::strerror(errno));
    lock();
  }
  std::string line;
  std::uint64_t results = 0;
  if (read_line(0, line)) {
    if (line != header) {
      throw Error(ErrorKind::data, "{} was begun by another sweep (its {} differs): name another file, or remove it",
                  path_.string(), difference(line, header));
    }
    size_ = line.size() + 1;
    while (read_line(size_, line) && is_result(line, results)) {
      size_ += line.size() + 1;
      ++results;
    }
    std::string after;  // a damaged line is dropped if it is the last one
    if (read_line(size_, line) && (read_line(size_ + line.size() + 1, after) || !after.empty())) {
      throw Error(ErrorKind::data, "{} line {} is not the result of point {}: remove the file", path_.string(),
                  results + 2, results);
    }
  } else if (!header.starts_with(line)) {
    throw Error(ErrorKind::data, "{} is not a sweep: name another file, or remove it", path_.string());
  }
  if (ftruncate(descriptor_, static_cast<off_t>(size_)) != 0) fail(std::strerror(errno));
  if (size_ == 0) append(header);
  const int folder = open(folder_of(path_).c_str(), O_RDONLY | O_CLOEXEC);  // its entry is to last, too
  if (folder >= 0) {
    fsync(folder);
    close(folder);
  }
  return results;
}

void SweepFile::append(std::string_view line) {
  write(std::string(line) + "\n");
  if (fdatasync(descriptor_) != 0) fail(std::strerror(errno));
}

void SweepFile::write(std::string_view text) {
  std::uint64_t offset = size_;
  while (!text.empty()) {
    const ssize_t written = pwrite(descriptor_, text.data(), text.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const std::string reason = std::strerror(errno);
      if (ftruncate(descriptor_, static_cast<off_t>(size_)) != 0) fail(reason);  // the next one drops it otherwise
      fail(reason);
    }
    text.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  size_ = offset;
}

bool SweepFile::read_line(std::uint64_t offset, std::string& line) const {
  line.clear();
  char buffer[1 << 16];
  while (true) {
    const ssize_t n = pread(descriptor_, buffer, sizeof buffer, static_cast<off_t>(offset + line.size()));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(std::strerror(errno));
    if (n == 0) return false;
    const std::string_view piece(buffer, static_cast<std::size_t>(n));
    const std::size_t end = piece.find('\n');
    line += piece.substr(0, end);
    if (end != piece.npos) return true;
  }
}

}  // namespace decant
