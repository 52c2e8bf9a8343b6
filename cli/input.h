// What a user names to be read: a file, which is mapped, or something that only hands out bytes (standard input, a
// pipe, a terminal, a device), which is read up to a limit. There is no limit that nobody is told of.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/mapped_file.h"

namespace decant {

// Of files, in bytes; each far beyond what can be meant.
inline constexpr std::size_t kMostPromptBytes = 64'000'000;
inline constexpr std::size_t kMostRulesBytes = 16'000'000;    // a grammar, a schema, the description of a sweep
inline constexpr std::size_t kMostListBytes = 2'000'000'000;  // a trace, a list of prompts
inline constexpr std::size_t kMostStreamBytes = 64'000'000;   // of whatever is no file, as it is kept in memory

class Input {
 public:
  // `path` is "-" for standard input; `what` it is, as in "prompt file". Throws Error: no_input where there is nothing
  // to be read, data for more than `most` bytes, io where reading fails half-way.
  Input(const std::string& path, std::string_view what, std::size_t most);

  std::string_view bytes() const { return file_ ? file_->bytes() : text_; }
  bool is_file() const { return file_ != nullptr; }
  const std::string& name() const { return name_; }  // for messages

 private:
  std::string name_;
  std::unique_ptr<const MappedFile> file_;
  std::string text_;
};

// A file's text as people mean it: without the end of its last line.
std::string_view without_last_line_end(std::string_view text);

}  // namespace decant
