// Labels of the DNS for texts beyond ASCII (RFC 3492).
#pragma once

#include <string>

namespace decant {

// What stands behind "xn--".
std::string punycode(const std::u32string& label);

}  // namespace decant
