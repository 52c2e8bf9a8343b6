// Tested by tests/server/tools_test.py.
#include "server/tool_calls.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "schema/json_schema.h"
#include "server/api_error.h"
#include "server/random_name.h"

namespace decant {
namespace {

constexpr std::string_view kOpen = "<tool_call>", kClose = "</tool_call>", kBlanks = " \t\r\n";

[[noreturn]] void reject(std::string_view field, std::string_view wanted) {
  throw ApiError(400, fmt::format("{} must be {}", field, wanted), std::string(field));
}

bool is_name(const Json& name) {
  if (!name.is_string()) return false;
  const auto& text = name.get_ref<const std::string&>();
  const auto fits = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.'; };
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), fits);
}

const Json& function_of(const Json& tool) { return tool["function"]; }

bool has_tool(const ToolWishes& wishes, const std::string& name) {
  return std::any_of(wishes.tools.begin(), wishes.tools.end(),
                     [&](const Json& each) { return function_of(each)["name"] == name; });
}

// References in a schema that now stands at a place in another.
void move_references(Json& schema, const std::string& place) {
  if (schema.is_object()) {
    for (auto& [key, value] : schema.items()) {
      if (key == "$ref" && value.is_string() && value.get_ref<const std::string&>().starts_with('#')) {
        value = "#" + place + value.get<std::string>().substr(1);
      } else {
        move_references(value, place);
      }
    }
  } else if (schema.is_array()) {
    for (Json& each : schema) move_references(each, place);
  }
}

std::string_view arguments_name(ToolNotation notation) {
  return notation == ToolNotation::object ? "parameters" : "arguments";
}

// The schema of a call of one of the tools.
Json schema_of_calls(const ToolWishes& wishes, ToolNotation notation) {
  const std::string arguments(arguments_name(notation));
  Json alternatives = Json::array();
  for (const Json& tool : wishes.tools) {
    const Json& function = function_of(tool);
    if (!wishes.only.empty() && function["name"] != wishes.only) continue;
    Json parameters = function.value("parameters", Json());
    if (parameters.is_null()) parameters = {{"type", "object"}, {"additionalProperties", false}};  // as OpenAI means it
    move_references(parameters, fmt::format("/anyOf/{}/properties/{}", alternatives.size(), arguments));
    alternatives.push_back({{"type", "object"},
                            {"properties", {{"name", {{"const", function["name"]}}}, {arguments, parameters}}},
                            {"required", {"name", arguments}},
                            {"additionalProperties", false}});
  }
  return {{"anyOf", alternatives}};
}

}  // namespace

void read_tools(const Json& list, ToolWishes& wishes) {
  if (list.is_null()) return;
  constexpr std::string_view wanted = "a list of {type: function, function: {name, description, parameters}}";
  if (!list.is_array()) reject("tools", wanted);
  if (list.size() > kMostTools) reject("tools", fmt::format("of at most {} tools", kMostTools));
  for (const Json& each : list) {
    const bool has_function =
        each.is_object() && each.value("type", Json()) == "function" && each.value("function", Json()).is_object();
    if (!has_function) reject("tools", wanted);
    const Json& function = function_of(each);
    if (!is_name(function.value("name", Json())))
      reject("tools", "of functions with names of letters, digits, _, - and ., at most 64 of them");
    const Json parameters = function.value("parameters", Json()), about = function.value("description", Json());
    if (!parameters.is_null() && !parameters.is_object()) reject("tools", "of functions whose parameters are a schema");
    if (!about.is_null() && !about.is_string()) reject("tools", "of functions whose description is a text");
  }
  if (!list.empty()) wishes.tools = list;
}

void read_tool_choice(const Json& choice, ToolWishes& wishes) {
  constexpr std::string_view wanted = "none, auto, required, or {type: function, function: {name}}";
  if (choice.is_null() || choice == "auto") return;
  if (choice == "none") {
    wishes.forbidden = true;
  } else if (choice == "required") {
    wishes.required = true;
  } else {
    const Json function = choice.is_object() ? choice.value("function", Json()) : Json();
    const Json name = function.is_object() ? function.value("name", Json()) : Json();
    if (!name.is_string()) reject("tool_choice", wanted);
    wishes.required = true;
    wishes.only = name.get<std::string>();
  }
}

void check_tool_choice(const ToolWishes& wishes) {
  if (wishes.required && wishes.tools.is_null()) throw ApiError(400, "tool_choice needs tools", "tool_choice");
  if (!wishes.only.empty() && !has_tool(wishes, wishes.only))
    throw ApiError(400, fmt::format("tool_choice names {}, which is none of the tools", wishes.only), "tool_choice");
}

std::optional<ToolNotation> notation_of(std::string_view chat_template) {
  const auto has = [&](std::string_view words) { return chat_template.find(words) != chat_template.npos; };
  if (!has("tools")) return std::nullopt;
  if (has(kOpen)) return has("<function=") || has("<arg_key>") ? std::nullopt : std::optional(ToolNotation::tags);
  if (has("[TOOL_CALLS]")) return has("[ARGS]") ? std::nullopt : std::optional(ToolNotation::list);
  if (has("\"parameters\": ") && has("{\"name\": ")) return ToolNotation::object;
  return std::nullopt;
}

std::string grammar_of(const ToolWishes& wishes, ToolNotation notation) {
  std::string rules;
  try {
    rules = json_schema_to_gbnf(schema_of_calls(wishes, notation).dump());
  } catch (const Error& error) {
    throw ApiError(400, error.what(), "tools");
  }
  // The rule that it begins with becomes one that the answer's refers to.
  rules.replace(0, std::string_view("root").size(), "decant-tool-call");
  const auto repeated = [&](std::string_view call, std::string_view between) {
    return wishes.several ? fmt::format("{0} ({1} {0})*", call, between) : std::string(call);
  };
  std::string answer = "decant-tool-call";
  if (notation == ToolNotation::tags) {
    answer = repeated(R"("<tool_call>\n" decant-tool-call "\n</tool_call>")", R"("\n")");
  } else if (notation == ToolNotation::list) {
    answer = fmt::format(R"("[" {} "]")", repeated("decant-tool-call", R"(", ")"));
  }
  return fmt::format("{}\nroot ::= {}\n", rules, answer);
}

// False: this is no call.
bool ToolCallReader::take(const Json& call, Found& found) {
  if (!call.is_object() || !call.value("name", Json()).is_string()) return false;
  Json arguments = call.value("arguments", call.value("parameters", Json()));
  if (arguments.is_null()) arguments = Json::object();
  std::string text = arguments.is_string() ? arguments.get<std::string>() : arguments.dump();
  found.calls.push_back({random_name("call_"), call["name"].get<std::string>(), std::move(text)});
  ++count_;
  return true;
}

void ToolCallReader::read(Found& found, bool at_end) {
  const auto without_blanks = [&](std::size_t end) {
    while (end > 0 && kBlanks.find(held_[end - 1]) != kBlanks.npos) --end;
    return end;
  };
  const auto say = [&](std::size_t bytes) {
    const std::string_view text = std::string_view(held_).substr(0, bytes);
    said_ = said_ || text.find_first_not_of(kBlanks) != text.npos;
    found.text += text;
    held_.erase(0, bytes);
  };
  if (notation_ != ToolNotation::tags) {  // the whole answer, or nothing of it
    const std::size_t begin = held_.find_first_not_of(kBlanks);
    const char bracket = notation_ == ToolNotation::object ? '{' : '[';
    const bool may_be = !said_ && (begin == held_.npos || held_[begin] == bracket);
    if (!at_end && may_be) return;
    if (may_be) {
      const Json answer = Json::parse(held_, nullptr, false);
      Found calls;
      bool all = notation_ == ToolNotation::object && take(answer, calls);
      if (notation_ == ToolNotation::list && answer.is_array() && !answer.empty())
        all = std::all_of(answer.begin(), answer.end(), [&](const Json& each) { return take(each, calls); });
      if (all) {
        held_.clear();
        found.calls = std::move(calls.calls);
        return;
      }
      count_ = 0;
    }
    return say(held_.size());
  }
  for (;;) {
    const std::size_t open = held_.find(kOpen);
    if (open == held_.npos) {
      // The blanks before a call are not said, nor is what may be the beginning of one.
      std::size_t kept = std::min(held_.size(), kOpen.size() - 1);
      while (kept > 0 && !kOpen.starts_with(std::string_view(held_).substr(held_.size() - kept))) --kept;
      const std::size_t end = without_blanks(held_.size() - kept);
      if (!at_end) return say(end);
      return count_ > 0 && end + kept == 0 ? held_.clear() : say(held_.size());
    }
    const std::size_t begin = open + kOpen.size(), close = held_.find(kClose, begin);
    if (close == held_.npos && !at_end) {
      return say(without_blanks(open));
    }
    const std::string inner = held_.substr(begin, std::min(close, held_.size()) - begin);
    const std::size_t end = without_blanks(open);
    Found calls;
    const bool is_call = take(Json::parse(inner, nullptr, false), calls);  // whole JSON, even without its last tag
    const std::size_t behind = close == held_.npos ? held_.size() : close + kClose.size();
    if (!is_call) {
      say(behind);
      if (close == held_.npos) return;
      continue;
    }
    say(end);
    held_.erase(0, behind - end);
    found.calls.push_back(std::move(calls.calls[0]));
  }
}

ToolCallReader::Found ToolCallReader::push(std::string_view text) {
  held_ += text;
  Found found;
  read(found, false);
  return found;
}

ToolCallReader::Found ToolCallReader::finish() {
  Found found;
  read(found, true);
  return found;
}

}  // namespace decant
