// Tested by tests/cli/inspect_test.py and compare_test.py.
#include "cli/whole_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/error.h"

namespace decant {

namespace fs = std::filesystem;

WholeFile::WholeFile(fs::path path, std::string what)
    : path_(std::move(path)), partial_(path_.string() + ".partial"), what_(std::move(what)) {
  std::error_code error;
  if (fs::is_directory(path_, error)) {
    throw Error(ErrorKind::io, "{} is a directory: name the {}'s file", path_.string(), what_);
  }
  const fs::path folder = path_.has_parent_path() ? path_.parent_path() : fs::path(".");
  if (!fs::is_directory(folder, error)) fail(fmt::format("there is no folder {}", folder.string()));
  if (!std::ofstream(partial_, std::ios::binary)) fail(std::strerror(errno));
  fs::remove(partial_, error);
}

void WholeFile::fail(std::string_view reason) const {
  throw Error(ErrorKind::io, "the {} {} cannot be written: {}", what_, path_.string(), reason);
}

void WholeFile::write(std::initializer_list<std::string_view> parts) {
  write([&](std::ostream& file) {
    for (const std::string_view part : parts) file << part;
  });
}

void WholeFile::write(const std::function<void(std::ostream&)>& fill) {
  std::error_code error;
  std::ofstream file(partial_, std::ios::binary);
  file.exceptions(std::ios::failbit | std::ios::badbit);  // at once, while errno says why
  std::string reason;
  try {
    fill(file);
    file.close();
    fs::rename(partial_, path_, error);
    if (!error) return;
    reason = error.message();
  } catch (const std::ios::failure&) {
    reason = std::strerror(errno);
  } catch (...) {
    fs::remove(partial_, error);
    throw;
  }
  fs::remove(partial_, error);
  fail(reason);
}

}  // namespace decant
