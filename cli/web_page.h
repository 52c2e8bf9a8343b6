// The web page that shows traces (web/dist/report.html), embedded in the program.
#pragma once

#include <string_view>

namespace decant {

std::string_view web_page();  // with @TRACE@ where the records go

}  // namespace decant
