# web/dist/report.html as bytes in the program.
set(web_page ${CMAKE_SOURCE_DIR}/web/dist/report.html)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${web_page})
file(READ ${web_page} bytes HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/web_page.cpp @ONLY CONTENT [[
#include "cli/web_page.h"

namespace decant {
namespace {
constexpr unsigned char bytes[] = {@bytes@};
}

std::string_view web_page() { return {reinterpret_cast<const char*>(bytes), sizeof bytes}; }

}  // namespace decant
]])
