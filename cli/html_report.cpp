#include "cli/html_report.h"

#include "cli/web_page.h"

namespace decant {

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
  constexpr std::string_view placeholder = "@TRACE@";
  const std::string_view page = web_page();
  const std::size_t place = page.find(placeholder);
  file_.write({page.substr(0, place), records_, page.substr(place + placeholder.size())});
}

}  // namespace decant
