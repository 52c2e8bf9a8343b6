// Tested by tests/server/tools_test.py.
#include "server/thought_reader.h"

#include <algorithm>
#include <array>

#include "base/marks.h"

namespace decant {
namespace {

// Qwen, DeepSeek, GLM, SmolLM3 and most others; Magistral; Seed-OSS.
constexpr std::array kMarks = {ThoughtMarks{"<think>", "</think>"}, ThoughtMarks{"[THINK]", "[/THINK]"},
                               ThoughtMarks{"<seed:think>", "</seed:think>"}};

}  // namespace

const ThoughtMarks* thought_marks_of(std::string_view chat_template) {
  for (const ThoughtMarks& each : kMarks) {
    if (chat_template.find(each.end) != chat_template.npos || chat_template.find(each.begin) != chat_template.npos)
      return &each;
  }
  return nullptr;
}

bool ends_within_thought(std::string_view prompt, const ThoughtMarks& marks) {
  return prompt.substr(0, without_blanks(prompt)).ends_with(marks.begin);
}

ThoughtReader::Found ThoughtReader::read(std::string_view text, bool at_end) {
  Found found;
  held_ += text;
  if (part_ == Part::beginning) {
    const std::size_t first = behind_blanks(held_);
    const std::string_view rest = std::string_view(held_).substr(first);
    if (rest.starts_with(marks_.begin)) {
      held_.erase(0, first + marks_.begin.size());
      part_ = Part::thought;
    } else if (at_end || !marks_.begin.starts_with(rest)) {
      part_ = Part::said;
    } else {
      return found;
    }
  }
  if (part_ == Part::thought) {
    const std::size_t end = held_.find(marks_.end);
    const bool is_over = end != held_.npos;
    // The blanks at its ends are none of it.
    const std::size_t known = is_over ? end : held_.size() - (at_end ? 0 : possible_beginning(held_, marks_.end));
    const std::size_t size = without_blanks(std::string_view(held_).substr(0, known));
    const std::size_t first = any_thought_ ? 0 : std::min(behind_blanks(held_), size);
    found.reasoning = held_.substr(first, size - first);
    any_thought_ = any_thought_ || !found.reasoning.empty();
    held_.erase(0, is_over ? end + marks_.end.size() : size);
    if (is_over) part_ = Part::behind;
  }
  if (part_ == Part::behind) {
    held_.erase(0, behind_blanks(held_));
    if (!held_.empty()) part_ = Part::said;
  }
  if (part_ == Part::said) std::swap(found.text, held_);
  return found;
}

}  // namespace decant
