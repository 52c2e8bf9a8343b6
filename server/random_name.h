// Names that nobody can guess: of answers, of calls.
#pragma once

#include <string>
#include <string_view>

namespace decant {

std::string random_name(std::string_view prefix);  // and 26 letters and digits behind it: 134 bits

}  // namespace decant
