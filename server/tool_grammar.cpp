// Tested by tests/server/tools_test.py.
#include "server/tool_grammar.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/unique_items_rule.h"
#include "schema/gbnf_text.h"
#include "schema/json_schema.h"
#include "server/api_error.h"

namespace decant {
namespace {

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

// The rules r0, r1, ... and root of a grammar that json_schema_to_gbnf() has made, under names that begin with
// `prefix`.
std::string renamed(const std::string& rules, const std::string& prefix) {
  std::string result;
  for (std::size_t at = 0; at < rules.size();) {
    const char c = rules[at];
    std::size_t end = at + 1;
    if (c == '"' || c == '[') {
      while (rules[end] != (c == '"' ? '"' : ']')) end += rules[end] == '\\' ? 2 : 1;
      ++end;
    } else if (std::isalpha(static_cast<unsigned char>(c)) != 0) {
      while (end < rules.size() && (std::isalnum(static_cast<unsigned char>(rules[end])) != 0 || rules[end] == '-'))
        ++end;
      if (std::string_view(rules).substr(at, end - at) != unique_items_rule) result += prefix;
    } else if (c == '{') {
      end = rules.find('}', at) + 1;
    }
    result.append(rules, at, end - at);
    at = end;
  }
  return result;
}

class Writer {
 public:
  Writer(const ToolWishes& wishes, const ToolNotation& notation, const Vocab& vocab)
      : wishes_(wishes), notation_(notation), vocab_(vocab) {}

  std::string write() {
    std::vector<std::string> calls;
    for (const Json& tool : wishes_.tools) {
      const auto name = tool["function"]["name"].get<std::string>();
      if (wishes_.only.empty() || wishes_.only == name) calls.push_back(call(name, parameters_of(tool)));
    }
    const std::string any = rule(fmt::format("{}", fmt::join(calls, " | ")));
    const bool several = wishes_.several && notation_.several;
    const std::string more = several ? fmt::format(" ({} {})*", mark(notation_.between), any) : "";
    return fmt::format("{}root ::= {} {} {}{} {}\n", rules_, mark(notation_.mark), mark(notation_.all_begin), any, more,
                       mark(notation_.all_end));
  }

 private:
  [[noreturn]] void refuse(std::string_view what) const {
    throw ApiError(400, fmt::format("tool_choice cannot require a call of {}: {}", function_, what), "tools");
  }

  std::string rule(std::string_view body) {
    const std::string name = fmt::format("tool-{}", n_rules_++);
    rules_ += fmt::format("{} ::= {}\n", name, body);
    return name;
  }

  std::optional<Token> control_token(std::string_view name) const {
    const std::vector<Token> tokens = vocab_.tokenize(name, true, false);
    const bool is_one = tokens.size() == 1 && vocab_.bytes(tokens[0]).empty() && vocab_.piece(tokens[0]) == name;
    return is_one ? std::optional(tokens[0]) : std::nullopt;
  }

  // The mark as terms of a rule.
  std::string mark(std::string_view text) const {
    std::string terms, plain;
    const auto end_plain = [&] {
      if (!plain.empty()) terms += gbnf_literal(std::exchange(plain, "")) + ' ';
    };
    for (std::size_t at = 0; at < text.size();) {
      const char close = text[at] == '<' ? '>' : text[at] == '[' ? ']' : '\0';
      const std::size_t end = close == '\0' ? text.npos : text.find(close, at);
      const auto token = end == text.npos ? std::nullopt : control_token(text.substr(at, end + 1 - at));
      if (token) {
        end_plain();
        terms += fmt::format("<[{}]> ", *token);
        at = end + 1;
      } else {
        plain += text[at++];
      }
    }
    end_plain();
    return terms.empty() ? "\"\"" : terms;
  }

  std::string call(const std::string& name, const Json& parameters) {
    function_ = name;
    const auto around = [&](const std::string& inner) {
      return rule(fmt::format("{} {} {} {} {}", mark(notation_.wrap), mark(notation_.begin), inner, mark(notation_.end),
                              mark(notation_.wrap_end)));
    };
    const std::string arguments = this->arguments(parameters);
    if (notation_.form != CallForm::object)
      return around(fmt::format("{} {} {}", gbnf_literal(name), mark(notation_.behind_name), arguments));
    const std::string begin = fmt::format(R"({{"name": "{}", "{}": )", name, notation_.arguments);
    return around(fmt::format("{} {} {}", gbnf_literal(begin), arguments, gbnf_literal("}")));
  }

  std::string arguments(const Json& parameters) {
    switch (notation_.form) {
      case CallForm::tagged:
        return tagged(parameters);
      case CallForm::python:
        return keywords(parameters);
      default:
        return json(parameters);
    }
  }

  std::string json(const Json& schema) {
    const std::string prefix = fmt::format("schema-{}-", n_rules_++);
    try {
      rules_ += renamed(json_schema_to_gbnf(schema.dump()), prefix);
    } catch (const Error& error) {
      throw ApiError(400, error.what(), "tools");
    }
    return prefix + "root";
  }

  // The schema of one argument may refer to those of others.
  std::string json_of(const Json& argument, const Json& parameters) {
    Json value = argument, all = parameters;
    move_references(value, "/$defs/all");
    move_references(all, "/$defs/all");
    return json({{"$ref", "#/$defs/value"}, {"$defs", {{"value", std::move(value)}, {"all", std::move(all)}}}});
  }

  struct Argument {
    std::string name;
    Json schema;
    bool required;
  };

  // Where each argument stands by itself, their schema is no more than a list of them.
  std::vector<Argument> listed(const Json& parameters) const {
    const Json& schema = resolved(parameters, parameters);
    if (!schema.is_object()) refuse("its parameters are no schema of an object");
    for (const char* word : {"anyOf", "oneOf", "allOf", "not", "if", "dependentRequired", "dependentSchemas",
                             "dependencies", "minProperties", "maxProperties", "propertyNames"}) {
      if (schema.contains(word))
        refuse(fmt::format("{} in its parameters cannot be said in the notation of {}", word, notation_.name));
    }
    const Json properties = schema.value("properties", Json::object()),
               required = schema.value("required", Json::array());
    if (!properties.is_object() || !required.is_array())
      refuse("its properties and required are no object and no list");
    std::vector<Argument> arguments;
    for (const auto& [name, each] : properties.items())
      arguments.push_back({name, each, std::ranges::find(required, Json(name)) != required.end()});
    for (const Json& name : required) {
      if (!name.is_string() || !properties.contains(name.get<std::string>()))
        refuse(fmt::format("{} is required, but none of its properties", name.dump()));
    }
    return arguments;
  }

  std::string tagged(const Json& parameters) {
    std::string all;
    for (const Argument& each : listed(parameters)) {
      const std::string line = notation_.own_lines ? gbnf_literal("\n") : "";
      const std::string one = fmt::format("({} {} {} {} {} {} {} {} \"\\n\")", mark(notation_.key),
                                          gbnf_literal(each.name), mark(notation_.behind_key), mark(notation_.value),
                                          line, bare(each, parameters), line, mark(notation_.behind_value));
      all += one + (each.required ? " " : "? ");
    }
    return all.empty() ? "\"\"" : all;
  }

  // A value between marks: a text without quotes, anything else as JSON.
  std::string bare(const Argument& argument, const Json& parameters) {
    const Json& schema = resolved(argument.schema, parameters);
    const unsigned types = types_of(schema, parameters);
    if ((types & json_type::text) == 0) return json_of(argument.schema, parameters);
    for (const char* word : {"const", "enum"}) {
      if (!schema.contains(word)) continue;
      std::vector<std::string> values;
      for (const Json& each : schema[word].is_array() ? schema[word] : Json::array({schema[word]})) {
        const std::string value = each.is_string() ? each.get<std::string>() : each.dump();
        if (value.find(notation_.behind_value) == value.npos) values.push_back(gbnf_literal(value));
      }
      if (values.empty()) refuse(fmt::format("no value of {} can be written", argument.name));
      return fmt::format("({})", fmt::join(values, " | "));
    }
    if ((types & (json_type::array | json_type::object)) != 0 && types != json_type::any)
      refuse(fmt::format("{} may be a text or a structure, which {} do not tell apart", argument.name, notation_.name));
    for (const char* word : {"pattern", "format", "minLength", "maxLength", "allOf", "not", "if"}) {
      if (schema.contains(word))
        refuse(
            fmt::format("{} is bound by {}, but {} write texts without quotes", argument.name, word, notation_.name));
    }
    if (free_text_.empty()) free_text_ = text_without(notation_.behind_value);
    return free_text_;
  }

  // Any text in which `end` does not stand: a rule for each number of its characters that have just been written
  // (Knuth, Morris and Pratt 1977).
  std::string text_without(std::string_view end) {
    const std::string prefix = fmt::format("text-{}-", n_rules_++);
    const auto behind = [&](std::size_t written, char c) {
      std::string text(end.substr(0, written));
      text += c;
      while (!end.starts_with(text)) text.erase(0, 1);
      return text.size();
    };
    for (std::size_t state = 0; state < end.size(); ++state) {
      std::string ways = "\"\"";
      std::vector<CodePoints> known;
      for (const char c : end) {
        const auto point = static_cast<char32_t>(c);
        const std::size_t next = behind(state, c);
        if (next == 0 || std::ranges::find(known, CodePoints{point, point}) != known.end()) continue;
        known.push_back({point, point});
        if (next < end.size()) ways += fmt::format(" | {} {}{}", gbnf_literal({&c, 1}), prefix, next);
      }
      rules_ += fmt::format("{}{} ::= {} | {} {}0\n", prefix, state, ways, gbnf_class(known, true), prefix);
    }
    return prefix + "0";
  }

  // key=value, ...: those in front of the first one have no comma.
  std::string keywords(const Json& parameters) {
    const std::vector<Argument> arguments = listed(parameters);
    std::string first = "\"\"", further = "\"\"";
    for (std::size_t i = arguments.size(); i-- > 0;) {
      const Argument& each = arguments[i];
      const bool is_flag = types_of(each.schema, parameters) == json_type::boolean;
      const std::string one = rule(fmt::format("{} {}", gbnf_literal(each.name + "="),
                                               is_flag ? "(\"True\" | \"False\")" : json_of(each.schema, parameters)));
      const std::string without = each.required ? "" : fmt::format(" | {}", first);
      first = rule(fmt::format("{} {}{}", one, further, without));
      further = rule(each.required ? fmt::format("\", \" {} {}", one, further)
                                   : fmt::format("(\", \" {})? {}", one, further));
    }
    return first;
  }

  const ToolWishes& wishes_;
  const ToolNotation& notation_;
  const Vocab& vocab_;
  std::string rules_, function_, free_text_;
  int n_rules_ = 0;
};

}  // namespace

std::string grammar_of(const ToolWishes& wishes, const ToolNotation& notation, const Vocab& vocab) {
  return Writer(wishes, notation, vocab).write();
}

}  // namespace decant
