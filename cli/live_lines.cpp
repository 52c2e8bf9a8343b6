// Tested by tests/cli/beam_test.py and chat_test.py.
#include "cli/live_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace decant {
namespace {

constexpr auto kPause = std::chrono::milliseconds(66);  // between two drawings

// Where the line begins that has n before it, or the text's end.
std::size_t line_begin(std::string_view text, int n) {
  std::size_t at = 0;
  for (; n > 0 && at < text.size(); --n) at = std::min(text.find('\n', at), text.size() - 1) + 1;
  return at;
}

}  // namespace

bool LiveLines::are_due() const {
  return can_redraw(StandardStream::output) && std::chrono::steady_clock::now() - drawn_ >= kPause;
}

void LiveLines::draw(std::string lines) {
  drawn_ = std::chrono::steady_clock::now();
  wipe();
  const int height = terminal_size(StandardStream::output).lines;
  if (height > 0) lines.resize(line_begin(lines, height - 1));  // what has scrolled away cannot be wiped
  output_.write_styled(lines);
  count_ = static_cast<int>(std::count(lines.begin(), lines.end(), '\n'));
}

void LiveLines::wipe() {
  if (count_ > 0) output_.write_styled(fmt::format("\033[{}A\033[J", count_));
  count_ = 0;
}

}  // namespace decant
