// Text set in a column of a terminal: broken at blanks where it can be, padded to the width, harmless.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace decant {

struct FlowPiece {
  std::string text;  // UTF-8
  int look = 0;      // what paint() is to make of it
};

using Paint = std::function<std::string(int look, std::string_view text)>;

// Lines of exactly `width` columns. A line end in the text is shown as ↵ and breaks the line; controls are shown by
// their number.
std::vector<std::string> flow(std::span<const FlowPiece> pieces, int width, const Paint& paint);

}  // namespace decant
