// The formats that JSON Schema knows for strings, as patterns for regex_gbnf.
//
// Each pattern matches some of the strings of its format, and nothing else: dates of February end with the 28th, hosts
// have at most five parts, addresses are written out.
#pragma once

#include <string_view>

namespace decant {

// "" for a format that JSON Schema does not know: it says nothing.
std::string_view pattern_of_format(std::string_view format);

}  // namespace decant
