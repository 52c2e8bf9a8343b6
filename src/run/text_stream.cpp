// Tested by tests/run/text_stream_test.cpp.
#include "run/text_stream.h"

#include <algorithm>
#include <utility>

#include "base/marks.h"

namespace decant {

TextStream::TextStream(std::vector<std::string> hidden_strings, std::string_view prompt)
    : hidden_(std::move(hidden_strings)),
      held_(prompt.substr(prompt.size() - possible_beginning_of_any(prompt, hidden_))),
      prompt_bytes_(held_.size()) {}

std::string TextStream::push(std::string_view bytes) {
  held_ += bytes;
  std::size_t safe = held_.size() - possible_beginning_of_any(held_, hidden_);
  for (const std::string& each : hidden_) {  // a completed one is held too: finish() is about to cut it
    const std::size_t in_prompt = std::min(prompt_bytes_ + 1, each.size());  // not if it ends in the prompt
    safe = std::min(safe, held_.find(each, prompt_bytes_ + 1 - in_prompt));
  }
  return release(safe);
}

std::string TextStream::finish(std::size_t cut) {
  held_.resize(held_.size() - std::min(cut, held_.size()));
  const std::string text = release(held_.size());
  return text + utf8_.flush();
}

std::size_t TextStream::held_bytes() const { return held_.size() - prompt_bytes_ + utf8_.held().size(); }

// The first `size` bytes of what is held, without those of the prompt.
std::string TextStream::release(std::size_t size) {
  const std::size_t begin = std::min(prompt_bytes_, size);
  std::string text = utf8_.push(std::string_view(held_).substr(begin, size - begin));
  held_.erase(0, size);
  prompt_bytes_ -= begin;
  return text;
}

}  // namespace decant
