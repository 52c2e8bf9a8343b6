// Tested by tests/run/text_stream_test.cpp.
#include "run/text_stream.h"

#include <algorithm>

namespace decant {
namespace {

// Length of the longest end of `text` that begins some string of `strings` without completing it.
std::size_t possible_beginning(std::string_view text, const std::vector<std::string>& strings) {
  std::size_t longest = 0;
  for (const std::string& each : strings) {
    for (std::size_t n = std::min(each.size() - 1, text.size()); n > longest; --n) {
      if (text.ends_with(std::string_view(each).substr(0, n))) longest = n;
    }
  }
  return longest;
}

}  // namespace

std::string TextStream::push(std::string_view bytes) {
  held_ += bytes;
  // A completed hidden string is held too: finish() is about to cut it.
  std::size_t safe = held_.size() - possible_beginning(held_, hidden_);
  for (const std::string& each : hidden_) safe = std::min(safe, held_.find(each));
  std::string text = utf8_.push(std::string_view(held_).substr(0, safe));
  held_.erase(0, safe);
  return text;
}

std::string TextStream::finish(std::size_t cut) {
  held_.resize(held_.size() - std::min(cut, held_.size()));
  std::string text = utf8_.push(held_);
  held_.clear();
  return text + utf8_.flush();
}

}  // namespace decant
