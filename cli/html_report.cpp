// Tested by tests/cli/html_report_test.cpp and inspect_test.py.
#include "cli/html_report.h"

#include "cli/output.h"
#include "cli/web_page.h"

namespace decant {
namespace {

constexpr std::string_view kPlaceholder = "@DATA@";
constexpr std::string_view kSeparators = "\xE2\x80\xA8\xE2\x80\xA9";  // U+2028, U+2029: line ends to JavaScript

struct Escape {
  std::size_t bytes;  // 0: stands as it is
  std::string_view text;
};

Escape escape_at(std::string_view json) {
  switch (json[0]) {
    case '<':
      return {1, "\\u003c"};
    case '>':
      return {1, "\\u003e"};
    case '&':
      return {1, "\\u0026"};
    default:
      if (json.starts_with(kSeparators.substr(0, 3))) return {3, "\\u2028"};
      if (json.starts_with(kSeparators.substr(3))) return {3, "\\u2029"};
      return {0, ""};
  }
}

}  // namespace

void append_inert(std::string& out, std::string_view json) {
  while (true) {
    const std::size_t plain = std::min(json.find_first_of("<>&\xE2"), json.size());
    out += json.substr(0, plain);
    json.remove_prefix(plain);
    if (json.empty()) return;
    const Escape escape = escape_at(json);
    out += escape.bytes > 0 ? escape.text : json.substr(0, 1);
    json.remove_prefix(std::max<std::size_t>(escape.bytes, 1));
  }
}

std::string html_page(std::string_view json) {
  const std::string_view page = web_page();
  const std::size_t place = page.find(kPlaceholder);
  std::string whole(page.substr(0, place));
  append_inert(whole, json);
  whole += page.substr(place + kPlaceholder.size());
  return whole;
}

void tell_where(const std::filesystem::path& page, bool quiet) {
  std::error_code unknown;  // of a folder that is gone
  const std::filesystem::path whole = std::filesystem::absolute(page, unknown);
  if (!quiet)
    tell_at_terminal(fmt::format("{} is ready to be opened in a browser\n", unknown ? page.string() : whole.string()));
}

void HtmlReport::add(std::string_view json) { append_inert(data_, json); }

void HtmlReport::write() {
  const std::string_view page = web_page();
  const std::size_t place = page.find(kPlaceholder);
  file_.write({page.substr(0, place), data_, page.substr(place + kPlaceholder.size())});
}

void HtmlReport::write(const std::function<void(const Sink&)>& data) {
  const std::string_view page = web_page();
  const std::size_t place = page.find(kPlaceholder);
  file_.write([&](std::ostream& out) {
    std::string piece;
    out << page.substr(0, place);
    data([&](std::string_view json) {
      piece.clear();
      append_inert(piece, json);
      out << piece;
    });
    out << page.substr(place + kPlaceholder.size());
  });
}

}  // namespace decant
