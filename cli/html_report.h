// Data as a web page of its own: the page of web/dist with the data inside, which it shows by what they are: a trace, a
// comparison or a sweep. Opened from disk, it asks for nothing.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "cli/whole_file.h"

namespace decant {

class HtmlReport {
 public:
  using Sink = std::function<void(std::string_view)>;

  // `what` it is, for messages. Throws Error(io) when no file can be written there; a file that exists is replaced only
  // by write().
  explicit HtmlReport(std::filesystem::path path, std::string what = "report")
      : file_(std::move(path), std::move(what)) {}

  void add(std::string_view json);  // kept until write()

  // Whole or not at all.
  void write();
  // `data` hands the JSON to its argument, piece by piece; none is kept. No piece may end inside a character.
  void write(const std::function<void(const Sink&)>& data);

 private:
  WholeFile file_;
  std::string data_;  // fit for a script element
};

// The page itself, with the JSON in it.
std::string html_page(std::string_view json);

// Says at a terminal where the page is.
void tell_where(const std::filesystem::path& page, bool quiet);

// JSON that can stand in a script element, in an attribute's or a program's text: what could end or change those is
// escaped. Such characters occur in strings only, so it stays the same JSON.
void append_inert(std::string& out, std::string_view json);

}  // namespace decant
