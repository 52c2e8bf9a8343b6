// A web page of its own without scripts: the frame and the look that comparisons and sweeps share.
#pragma once

#include <string>
#include <string_view>

namespace decant {

// `body` is HTML; the title is text.
std::string html_page(std::string_view title, std::string_view body);

// Any bytes as HTML text or attribute value: harmless there, controls left out, what is not UTF-8 replaced.
std::string html_text(std::string_view bytes);

}  // namespace decant
