// Divides an answer into what is thought aloud, between marks at its beginning, and what is said behind them, as it
// comes.
#pragma once

#include <string>
#include <string_view>

namespace decant {

struct ThoughtMarks {
  std::string_view begin, end;
};

// Those that a chat template cuts out of earlier answers, or begins answers with; null: none that are known here.
const ThoughtMarks* thought_marks_of(std::string_view chat_template);

// Whether the prompt has begun the thought, so that the answer goes on within it.
bool ends_within_thought(std::string_view prompt, const ThoughtMarks& marks);

class ThoughtReader {
 public:
  // `within`: the answer begins within the thought.
  ThoughtReader(const ThoughtMarks& marks, bool within)
      : marks_(marks), part_(within ? Part::thought : Part::beginning) {}

  struct Found {
    std::string text = {}, reasoning = {};
  };
  Found push(std::string_view text) { return read(text, false); }
  Found finish() { return read({}, true); }

 private:
  Found read(std::string_view text, bool at_end);

  ThoughtMarks marks_;
  enum class Part { beginning, thought, behind, said } part_;
  bool any_thought_ = false;
  std::string held_ = {};  // blanks, and what may be the beginning of a mark
};

}  // namespace decant
