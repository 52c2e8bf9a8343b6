// What `decant report` reads, checked, so that the page shows every file that passes.
#pragma once

#include <string>
#include <string_view>

#include "cli/html_report.h"

namespace decant {

bool is_sweep(std::string_view text);  // else it is a trace or a comparison

// A trace's records or a comparison, as the page takes them. `file` is what errors call it. Throws Error(data).
void write_report_data(std::string_view text, const std::string& file, const HtmlReport::Sink& out);

}  // namespace decant
