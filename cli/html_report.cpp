#include "cli/html_report.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/error.h"
#include "cli/web_page.h"

namespace decant {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view placeholder = "@TRACE@";

}  // namespace

HtmlReport::HtmlReport(fs::path path) : path_(std::move(path)) {
  if (fs::is_directory(path_)) throw Error(ErrorKind::io, "{} is a directory: name the report's file", path_.string());
  const fs::path folder = path_.has_parent_path() ? path_.parent_path() : fs::path(".");
  if (!fs::is_directory(folder)) {
    throw Error(ErrorKind::io, "the report {} cannot be written: there is no folder {}", path_.string(), folder.string());
  }
}

// In a script element only "<" could end it, and inside JSON it only occurs in strings.
void HtmlReport::add(std::string_view records) {
  for (const char each : records) {
    if (each == '<') {
      records_ += "\\u003c";
    } else {
      records_ += each;
    }
  }
}

void HtmlReport::write() {
  const std::string_view page = web_page();
  const std::size_t place = page.find(placeholder);
  const fs::path partial = path_.string() + ".partial";
  std::ofstream file(partial, std::ios::binary);
  file << page.substr(0, place) << records_ << page.substr(place + placeholder.size());
  file.close();
  std::error_code error;
  if (file) fs::rename(partial, path_, error);
  if (!file || error) {
    const std::string reason = error ? error.message() : std::strerror(errno);
    fs::remove(partial, error);
    throw Error(ErrorKind::io, "the report {} cannot be written: {}", path_.string(), reason);
  }
}

}  // namespace decant
