// The web page that shows traces, comparisons and sweeps (web/dist/report.html), embedded in the program.
#pragma once

#include <string_view>

namespace decant {

std::string_view web_page();  // with @DATA@ where they go

}  // namespace decant
