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

HtmlReport::HtmlReport(fs::path path) : path_(std::move(path)), partial_(path_.string() + ".partial") {
  std::error_code error;
  if (fs::is_directory(path_, error)) {
    throw Error(ErrorKind::io, "{} is a directory: name the report's file", path_.string());
  }
  const fs::path folder = path_.has_parent_path() ? path_.parent_path() : fs::path(".");
  if (!fs::is_directory(folder, error)) fail(fmt::format("there is no folder {}", folder.string()));
  if (!std::ofstream(partial_, std::ios::binary)) fail(std::strerror(errno));
  fs::remove(partial_, error);
}

void HtmlReport::fail(std::string_view reason) const {
  throw Error(ErrorKind::io, "the report {} cannot be written: {}", path_.string(), reason);
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
  std::ofstream file(partial_, std::ios::binary);
  file << page.substr(0, place) << records_ << page.substr(place + placeholder.size());
  file.close();
  std::error_code error;
  if (file) fs::rename(partial_, path_, error);
  if (file && !error) return;
  const std::string reason = error ? error.message() : std::strerror(errno);
  fs::remove(partial_, error);
  fail(reason);
}

}  // namespace decant
