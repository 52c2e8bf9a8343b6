// Tested by tests/cli/terminal_test.py.
#include "cli/writing.h"

#include <fmt/format.h>

#include <numeric>

namespace decant {

Writing::Writing(bool enabled, bool beams, int longest, int texts, int prompt_tokens)
    : progress_("writing", enabled),
      beams_(beams),
      longest_(longest),
      prompt_tokens_(prompt_tokens),
      written_(static_cast<std::size_t>(beams ? 1 : texts)) {}

void Writing::token(int sequence, Token, std::string_view) {
  if (beams_) return progress_.wipe();  // the search is over
  ++written_.at(static_cast<std::size_t>(sequence));
  show();
}

void Writing::finished(int sequence, Stop) {
  if (!beams_) written_.at(static_cast<std::size_t>(sequence)) = longest_;
}

void Writing::search(const SearchStep& step) {
  written_[0] = step.position - prompt_tokens_ + 1;
  show();
}

void Writing::show() {
  const double done = std::accumulate(written_.begin(), written_.end(), 0.0);
  const double all = static_cast<double>(longest_) * static_cast<double>(written_.size());
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  const std::string what = written_.size() > 1 ? fmt::format("{} texts, ", written_.size()) : "";
  if (done <= 0 || all <= 0) return;
  progress_.update(done / all, fmt::format("{}{:.0f} of {:.0f} tokens at most, {}", what, done, all,
                                           time_left(seconds / done * (all - done))));
}

}  // namespace decant
