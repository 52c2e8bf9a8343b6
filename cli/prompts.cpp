// Tested by tests/cli/prompts_test.cpp.
#include "cli/prompts.h"

#include <array>
#include <nlohmann/json.hpp>

extern "C" {
#include <hash/sha256/sha256.h>
}

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

PromptList::PromptList(Input file) : input_(std::make_shared<const Input>(std::move(file))) {
  text_ = input_->bytes();
  file_ = input_->name();
  index();
}

PromptList::PromptList(std::string_view text, std::string file) : text_(text), file_(std::move(file)) { index(); }

std::string_view PromptList::line(std::uint64_t begin) const {
  std::string_view line = text_.substr(begin, text_.find('\n', begin) - begin);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

void PromptList::index() {
  check_utf8(text_, file_);
  for (std::uint64_t begin = 0, number = 1; begin < text_.size(); ++number) {
    const std::string_view line = this->line(begin);
    if (line.find_first_not_of(blanks) != line.npos) {
      if (lines_.empty()) is_json_ = is_json_object(line);
      lines_.push_back({begin, number});
      if (is_json_ && prompt_of(line, file_, number).empty())
        throw Error(ErrorKind::data, "{} line {}: the prompt is empty: there is nothing to continue", file_, number);
    }
    begin = std::min(text_.find('\n', begin), text_.size()) + 1;
  }
  if (lines_.empty())
    throw Error(ErrorKind::data, "{} has no prompt: write one a line, or JSON Lines with \"prompt\"", file_);
}

std::string PromptList::at(std::size_t index) const {
  if (file_.empty()) return given_[index];
  const Line& where = lines_[index];
  return is_json_ ? prompt_of(line(where.begin), file_, where.number) : std::string(line(where.begin));
}

std::size_t PromptList::most_bytes(std::size_t index) const {
  return file_.empty() ? given_[index].size() : line(lines_[index].begin).size();
}

std::string PromptList::sha256() const {
  sha256_t state;
  sha256_init(&state);
  for (std::size_t i = 0; i < size(); ++i) {
    const std::string prompt = at(i);
    sha256_update(&state, reinterpret_cast<const unsigned char*>(prompt.c_str()), prompt.size() + 1);
  }
  std::array<unsigned char, 32> digest;
  sha256_final(&state, digest.data());
  std::string hex;
  for (const unsigned char byte : digest) hex += fmt::format("{:02x}", byte);
  return hex;
}

PromptList read_prompts(const std::optional<std::string>& file, const PromptOptions& one) {
  if (!file) return PromptList(std::vector{read_prompt(one)});
  if (one.argument || one.text || one.file) {
    throw Error(ErrorKind::usage, "--prompts and a prompt of its own contradict each other: give one of them");
  }
  return PromptList(Input(*file, "list of prompts", kMostListBytes));
}

}  // namespace decant
