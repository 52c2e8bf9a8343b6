// Tools of a conversation: what a request says of them, how the model's chat template has a model call them, the
// grammar of an answer that has to call one, and calls found in an answer as it comes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/json_body.h"

namespace decant {

inline constexpr std::size_t kMostTools = 128;

struct ToolWishes {
  Json tools = Json();     // OpenAI's list; null: none
  bool required = false;   // the answer has to call one
  std::string only = {};   // this one; "": any
  bool several = true;     // calls in one answer
  bool forbidden = false;  // tool_choice none: the model is not told of them
  bool any() const { return !forbidden && !tools.is_null(); }
};

void read_tools(const Json& list, ToolWishes& wishes);          // throws ApiError(400)
void read_tool_choice(const Json& choice, ToolWishes& wishes);  // the same
void check_tool_choice(const ToolWishes& wishes);               // once all fields are read

// How a call is written.
enum class ToolNotation {
  tags,    // <tool_call>{"name": ..., "arguments": {...}}</tool_call>: Hermes, Qwen 2.5 and 3, SmolLM3
  object,  // {"name": ..., "parameters": {...}} is the whole answer: Llama 3.1 to 3.3
  list     // [{"name": ..., "arguments": {...}}] is, behind a control token: Mistral's until Nemo
};

// As the template's text has it; nothing: in a way that is not known here.
std::optional<ToolNotation> notation_of(std::string_view chat_template);

// Of the answers that call a tool of the wishes, in GBNF. Throws ApiError(400) for parameters that cannot be expressed.
std::string grammar_of(const ToolWishes& wishes, ToolNotation notation);

struct ToolCall {
  std::string id, name, arguments;  // the last is JSON
};

// Divides an answer into what is said and what is called. What is no call after all is said.
class ToolCallReader {
 public:
  explicit ToolCallReader(ToolNotation notation) : notation_(notation) {}

  struct Found {
    std::string text = {};
    std::vector<ToolCall> calls = {};
  };
  Found push(std::string_view text);
  Found finish();
  int count() const { return count_; }  // of calls so far

 private:
  void read(Found& found, bool at_end);
  bool take(const Json& call, Found& found);

  ToolNotation notation_;
  std::string held_;
  bool said_ = false;  // something but blanks
  int count_ = 0;
};

}  // namespace decant
