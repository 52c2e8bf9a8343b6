// Tested by tests/server/tools_test.py.
#include "server/tool_calls.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "server/api_error.h"

namespace decant {
namespace {

constexpr int kMostReferences = 16;  // one behind the other

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

Json parameters_of(const Json& tool) {
  Json parameters = function_of(tool).value("parameters", Json());
  if (parameters.is_null()) return {{"type", "object"}, {"additionalProperties", false}};  // as OpenAI means it
  if (!parameters.contains("type") && !parameters.contains("$ref")) parameters["type"] = "object";
  return parameters;
}

const Json& resolved(const Json& schema, const Json& root) {
  const Json* at = &schema;
  for (int steps = 0; steps < kMostReferences && at->is_object() && at->contains("$ref"); ++steps) {
    const Json& reference = (*at)["$ref"];
    if (!reference.is_string() || !reference.get_ref<const std::string&>().starts_with('#')) break;
    try {
      at = &root.at(Json::json_pointer(reference.get<std::string>().substr(1)));
    } catch (const Json::exception&) {
      break;  // whoever follows the schema says so
    }
  }
  return *at;
}

unsigned type_of_value(const Json& value) {
  using namespace json_type;
  if (value.is_string()) return text;
  if (value.is_number_integer()) return integer;
  if (value.is_number()) return fraction;
  if (value.is_boolean()) return boolean;
  if (value.is_array()) return array;
  return value.is_object() ? object : null;
}

namespace {

unsigned type_of_name(const Json& name) {
  using namespace json_type;
  constexpr std::pair<const char*, unsigned> names[] = {
      {"string", text}, {"integer", integer}, {"number", integer | fraction}, {"boolean", boolean}, {"null", null},
      {"array", array}, {"object", object}};
  unsigned types = 0;
  for (const auto& [each, type] : names) types |= name == each ? type : 0;
  return types;
}

// Alternatives within alternatives may be anything: they may lead back here.
unsigned types_of(const Json& unresolved, const Json& root, bool is_alternative) {
  using namespace json_type;
  const Json& schema = resolved(unresolved, root);
  if (!schema.is_object()) return any;
  const auto of_all = [](const Json& list, auto of) {
    unsigned types = 0;
    for (const Json& each : list) types |= of(each);
    return types;
  };
  unsigned types = any;
  if (schema.contains("type"))
    types = schema["type"].is_array() ? of_all(schema["type"], type_of_name) : type_of_name(schema["type"]);
  if (schema.contains("const")) types &= type_of_value(schema["const"]);
  if (schema.contains("enum") && schema["enum"].is_array()) types &= of_all(schema["enum"], type_of_value);
  for (const char* word : {"anyOf", "oneOf"}) {
    if (!is_alternative && schema.contains(word) && schema[word].is_array())
      types &= of_all(schema[word], [&](const Json& each) { return types_of(each, root, true); });
  }
  return types;
}

}  // namespace

unsigned types_of(const Json& schema, const Json& root) { return types_of(schema, root, false); }

}  // namespace decant
