// Tested by tests/server/tools_test.py, with the models' own templates and llama.cpp's cases.
#include "server/tool_notation.h"

#include <fmt/format.h>

#include <algorithm>

namespace decant {
namespace {

// The words of DeepSeek-V3.1's model card: its template says nothing of tools.
std::string deepseek_tools(const Json& tools) {
  std::string text = "\n\n## Tools\nYou have access to the following tools:\n";
  for (const Json& tool : tools) {
    const Json& function = tool["function"];
    const Json about = function.value("description", Json()), parameters = function.value("parameters", Json());
    text +=
        fmt::format("\n### {}\nDescription: {}\n\nParameters: {}\n", function["name"].get<std::string>(),
                    about.is_string() ? about.get<std::string>() : "", parameters.is_null() ? "{}" : parameters.dump());
  }
  return text +
         "\nIMPORTANT: ALWAYS adhere to this exact format for tool use:\n"
         "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>tool_call_name<｜tool▁sep｜>tool_call_arguments<｜tool▁call▁end｜>"
         "{additional_tool_calls}<｜tool▁calls▁end｜>\n\nWhere:\n\n"
         "- `tool_call_name` must be an exact match to one of the available tools\n"
         "- `tool_call_arguments` must be valid JSON that strictly follows the tool's Parameters Schema\n"
         "- For multiple tool calls, chain them directly without separators or spaces\n";
}

constexpr ToolNotation notations[] = {
    {.name = "gpt-oss",
     .words = {"<|channel|>", "<|message|>"},
     .begin = "<|channel|>commentary to=functions.",
     .behind_name = " <|constrain|>json<|message|>",
     .several = false,
     .form = CallForm::named,
     .channels = true},
    {.name = "DeepSeek V3 and R1",
     .words = {"<｜tool▁sep｜>", "```json"},
     .begins = {"<｜tool▁calls▁begin｜>", "<｜tool▁call▁begin｜>"},
     .mark = "<｜tool▁calls▁begin｜>",
     .between = "\n",
     .all_end = "<｜tool▁calls▁end｜>",
     .begin = "<｜tool▁call▁begin｜>function<｜tool▁sep｜>",
     .behind_name = "\n```json\n",
     .end = "\n```<｜tool▁call▁end｜>",
     .form = CallForm::named},
    {.name = "DeepSeek V3.1",
     .words = {"<｜tool▁sep｜>"},
     .begins = {"<｜tool▁calls▁begin｜>", "<｜tool▁call▁begin｜>"},
     .mark = "<｜tool▁calls▁begin｜>",
     .all_end = "<｜tool▁calls▁end｜>",
     .begin = "<｜tool▁call▁begin｜>",
     .behind_name = "<｜tool▁sep｜>",
     .end = "<｜tool▁call▁end｜>",
     .form = CallForm::named,
     .told = deepseek_tools},
    {.name = "Qwen3-Coder, Qwen3.5 and Nemotron 3",
     .words = {"<tool_call>", "<function="},
     .begins = {"<tool_call>", "<function="},
     .between = "\n",
     .wrap = "<tool_call>\n",
     .begin = "<function=",
     .behind_name = ">\n",
     .end = "</function>",
     .wrap_end = "\n</tool_call>",
     .form = CallForm::tagged,
     .key = "<parameter=",
     .behind_key = ">",
     .behind_value = "</parameter>",
     .own_lines = true},
    {.name = "GLM 4.5 to 4.7",
     .words = {"<tool_call>", "<arg_key>"},
     .begins = {"<tool_call>"},
     .between = "\n",
     .begin = "<tool_call>",
     .behind_name = "\n",
     .end = "</tool_call>",
     .form = CallForm::tagged,
     .key = "<arg_key>",
     .behind_key = "</arg_key>",
     .value = "\n<arg_value>",
     .behind_value = "</arg_value>"},
    {.name = "Hermes, Qwen 2.5 and 3, SmolLM3",
     .words = {"<tool_call>", "tools"},
     .other = {"toolcall_begin_token"},  // MiniMax M3: tags, of names of their own
     .begins = {"<tool_call>"},
     .between = "\n",
     .wrap = "<tool_call>\n",
     .wrap_end = "\n</tool_call>",
     .form = CallForm::object},
    {.name = "Mistral until Nemo",
     .words = {"[TOOL_CALLS]", "tools"},
     .other = {"[ARGS]", "[CALL_ID]"},
     .begins = {"[TOOL_CALLS]"},
     .alone = '[',
     .mark = "[TOOL_CALLS]",
     .all_begin = "[",
     .between = ", ",
     .all_end = "]",
     .form = CallForm::object},
    {.name = "Mistral since Magistral",
     .words = {"[TOOL_CALLS]", "[ARGS]"},
     .other = {"[CALL_ID]"},
     .begins = {"[TOOL_CALLS]"},
     .begin = "[TOOL_CALLS]",
     .behind_name = "[ARGS]",
     .form = CallForm::named},
    {.name = "LFM2",
     .words = {"List of tools: ", "<|im_start|>"},
     .begins = {"<|tool_call_start|>"},
     .all_begin = "<|tool_call_start|>[",
     .between = ", ",
     .all_end = "]<|tool_call_end|>",
     .behind_name = "(",
     .end = ")",
     .form = CallForm::python},
    {.name = "Llama 3.1 to 3.3",
     .words = {"\"parameters\": ", "{\"name\": \""},
     .other = {"START_ACTION"},  // Command R7B
     .alone = '{',
     .several = false,
     .form = CallForm::object,
     .arguments = "parameters"},
};

}  // namespace

const ToolNotation* notation_of(std::string_view chat_template) {
  const auto has = [&](std::string_view words) { return chat_template.find(words) != chat_template.npos; };
  const auto is_it = [&](const ToolNotation& each) {
    const auto stands = [&](std::string_view word) { return word.empty() || has(word); };
    const auto disturbs = [&](std::string_view word) { return !word.empty() && has(word); };
    return std::ranges::all_of(each.words, stands) && std::ranges::none_of(each.other, disturbs);
  };
  const auto found = std::ranges::find_if(notations, is_it);
  return found == std::end(notations) ? nullptr : &*found;
}

bool is_mark(const ToolNotation& notation, std::string_view name) {
  if (name.empty()) return false;
  constexpr std::string_view of_channels = "<|start|><|channel|><|constrain|><|message|><|end|><|call|><|return|>";
  const auto has = [&](std::string_view mark) { return mark.find(name) != mark.npos; };
  return has(notation.mark) || has(notation.all_begin) || has(notation.all_end) || has(notation.wrap) ||
         has(notation.begin) || has(notation.behind_name) || has(notation.end) || has(notation.wrap_end) ||
         has(notation.key) || has(notation.behind_key) || has(notation.value) || has(notation.behind_value) ||
         (notation.channels && has(of_channels));
}

}  // namespace decant
