// Tested by tests/cli/prompts_test.cpp.
#include "cli/prompts.h"

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace decant {
namespace {

constexpr std::string_view blanks = " \t\r";

std::string prompt_of(std::string_view record, std::string_view file, std::size_t line) {
  const auto json = nlohmann::json::parse(record, nullptr, false);
  const bool has_prompt = json.is_object() && json.contains("prompt") && json["prompt"].is_string();
  if (!has_prompt) {
    throw Error(ErrorKind::data, "{} line {} is no JSON object with a text \"prompt\", as the first line is", file,
                line);
  }
  return json["prompt"];
}

bool is_json_object(std::string_view line) {
  return line.starts_with('{') && nlohmann::json::parse(line, nullptr, false).is_object();
}

}  // namespace

std::vector<std::string> parse_prompts(std::string_view text, std::string_view file) {
  check_utf8(text, file);
  std::vector<std::string> prompts;
  bool is_json = false;
  for (std::size_t begin = 0, number = 1; begin < text.size(); ++number) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(blanks) == line.npos) continue;
    if (prompts.empty()) is_json = is_json_object(line);
    prompts.push_back(is_json ? prompt_of(line, file, number) : std::string(line));
    if (prompts.back().empty())
      throw Error(ErrorKind::data, "{} line {}: the prompt is empty: there is nothing to continue", file, number);
  }
  if (prompts.empty())
    throw Error(ErrorKind::data, "{} has no prompt: write one a line, or JSON Lines with \"prompt\"", file);
  return prompts;
}

std::vector<std::string> read_prompts(const std::optional<std::string>& file, const PromptOptions& one) {
  if (!file) return {read_prompt(one)};
  if (one.argument || one.text || one.file) {
    throw Error(ErrorKind::usage, "--prompts and a prompt of its own contradict each other: give one of them");
  }
  return parse_prompts(read_bytes(*file, "--prompts"), *file == "-" ? "standard input" : *file);
}

}  // namespace decant
