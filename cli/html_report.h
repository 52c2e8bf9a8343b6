// A trace as a web page of its own: the page of web/dist with the records inside. Opened from disk, it asks for
// nothing.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "cli/whole_file.h"

namespace decant {

class HtmlReport {
 public:
  // Throws Error(io) when no file can be written there; a file that exists is replaced only by write().
  explicit HtmlReport(std::filesystem::path path) : file_(std::move(path), "report") {}

  void add(std::string_view records);  // JSON Lines
  void write();                        // whole or not at all

 private:
  WholeFile file_;
  std::string records_;  // fit for a script element
};

}  // namespace decant
