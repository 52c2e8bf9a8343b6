// Many prompts in one file: one a line, or JSON Lines with a field "prompt".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/prompt.h"

namespace decant {

// The prompts of `text`, the content of `file`; blank lines are skipped. It is JSON Lines when its first line is a JSON
// object. Throws Error(data).
std::vector<std::string> parse_prompts(std::string_view text, std::string_view file);

// Those of the file, if there is one ("-" is standard input), else the one prompt that read_prompt() finds.
std::vector<std::string> read_prompts(const std::optional<std::string>& file, const PromptOptions& one);

}  // namespace decant
