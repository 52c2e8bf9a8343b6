// Many prompts in one file: one a line, or JSON Lines with a field "prompt".
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/input.h"
#include "cli/prompt.h"

namespace decant {

// A file's prompts stay in the file, which is mapped: what is kept of each is where it begins.
class PromptList {
 public:
  // As their users gave them.
  explicit PromptList(std::vector<std::string> prompts) : given_(std::move(prompts)) {}

  // Those of a file's text; blank lines are skipped. It is JSON Lines when its first line is a JSON object. Throws
  // Error(data).
  explicit PromptList(Input file);
  PromptList(std::string_view text, std::string file);  // of text that outlives it

  std::size_t size() const { return file_.empty() ? given_.size() : lines_.size(); }
  std::string at(std::size_t index) const;
  std::size_t most_bytes(std::size_t index) const;  // that the prompt may have: it has no more
  std::string sha256() const;                       // of all, each with a zero behind it

 private:
  struct Line {
    std::uint64_t begin, number;
  };

  void index();
  std::string_view line(std::uint64_t begin) const;

  std::vector<std::string> given_;
  std::shared_ptr<const Input> input_;
  std::string_view text_;
  std::string file_;  // its name, for messages; "" where the prompts were given
  std::vector<Line> lines_;
  bool is_json_ = false;
};

// Those of the file, if there is one ("-" is standard input), else the one prompt that read_prompt() finds.
PromptList read_prompts(const std::optional<std::string>& file, const PromptOptions& one);

}  // namespace decant
