// The oracle of the suffix automaton: texts in which runs are counted one by one.
#pragma once

#include <algorithm>
#include <map>
#include <vector>

#include "base/token.h"

namespace decant {

using Tokens = std::vector<Token>;

struct CountedToken {
  Token token;
  int count, last;  // where the last time, among the tokens of all texts
};

class CountedRuns {
 public:
  void begin_text() {
    if (!texts_.back().empty()) texts_.emplace_back();
  }
  void append(Token token) { texts_.back().push_back(token); }

  const Tokens& text() const { return texts_.back(); }
  int text_begin() const {
    int begin = 0;
    for (std::size_t i = 0; i + 1 < texts_.size(); ++i) begin += static_cast<int>(texts_[i].size());
    return begin;
  }

  // What follows the run, anywhere: the most frequent first, of those the latest.
  std::vector<CountedToken> continuations(const Tokens& run) const {
    std::map<Token, CountedToken> found;
    int begin = 0;
    for (const Tokens& text : texts_) {
      for (std::size_t i = 0; i + run.size() < text.size(); ++i) {
        if (!std::equal(run.begin(), run.end(), text.begin() + static_cast<std::ptrdiff_t>(i))) continue;
        const std::size_t at = i + run.size();
        CountedToken& counted = found.try_emplace(text[at], CountedToken{text[at], 0, 0}).first->second;
        ++counted.count;
        counted.last = begin + static_cast<int>(at);
      }
      begin += static_cast<int>(text.size());
    }
    std::vector<CountedToken> result;
    for (const auto& [token, counted] : found) result.push_back(counted);
    std::sort(result.begin(), result.end(), [](const CountedToken& a, const CountedToken& b) {
      return a.count != b.count ? a.count > b.count : a.last > b.last;
    });
    return result;
  }

  int count(const Tokens& run) const {
    int count = 0;
    for (const Tokens& text : texts_) {
      for (std::size_t i = 0; i + run.size() <= text.size(); ++i) {
        count += std::equal(run.begin(), run.end(), text.begin() + static_cast<std::ptrdiff_t>(i));
      }
    }
    return count;
  }

  // The longest run with which the text ends that stands somewhere else too.
  Tokens match(int longest) const {
    for (int n = std::min(longest, static_cast<int>(text().size())); n > 0; --n) {
      const Tokens run(text().end() - n, text().end());
      if (count(run) > 1) return run;
    }
    return {};
  }

 private:
  std::vector<Tokens> texts_ = {{}};
};

}  // namespace decant
