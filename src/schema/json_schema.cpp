#include "schema/json_schema.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/utf8_reader.h"
#include "schema/gbnf_text.h"
#include "schema/json_schema_disjoint.h"
#include "schema/json_schema_merge.h"
#include "schema/json_schema_types.h"
#include "schema/number_gbnf.h"
#include "schema/regex_gbnf.h"
#include "schema/string_formats.h"

namespace decant {
namespace {

using Json = OrderedJson;

constexpr std::size_t kMaxText = 1 << 20;
constexpr std::size_t kMaxRules = 20000;
constexpr int kMaxDepth = 200;  // of schemas inside each other

class Converter {
 public:
  explicit Converter(const Json& document) : document_(document), merger_(document) {}

  std::string convert() {
    const std::string root = value(document_, "#");
    return "root ::= " + root + '\n' + rules_.text();
  }

 private:
  using Place = const std::string&;

  // ---- schemas ------------------------------------------------------------------------------------------------------

  // The rule of a schema's values.
  std::string value(const Json& schema, Place place) {
    const Json flat = merger_.flatten(schema, place);
    if (flat == false) refuse_schema(place, "nothing satisfies it");
    const auto [found, is_new] = names_.try_emplace(flat.dump());
    if (!is_new) {
      if (leading_.contains(found->second)) refuse_schema(place, "it refers to itself with nothing in between");
      return found->second;
    }
    if (rules_.size() > kMaxRules) refuse_schema(place, "the schema is too large");
    if (++depth_ > kMaxDepth) refuse_schema(place, "schemas are too deep inside each other");
    const std::string name = found->second = rules_.reserve();
    leading_.insert(name);
    rules_.define(name, body(flat, place));
    leading_.erase(name);
    --depth_;
    return name;
  }

  bool never(const Json& schema, Place place) const {
    return schema == false ||
           (schema.is_object() && schema.contains("allOf") && merger_.flatten(schema, place) == false);
  }

  // The same inside brackets, where a schema may meet itself again.
  std::string inner_value(const Json& schema, Place place) {
    std::set<std::string> outer;
    outer.swap(leading_);
    std::string name = value(schema, place);
    outer.swap(leading_);
    return name;
  }

  std::string body(const Json& flat, Place place) {
    refuse_any(flat, {"not", "$dynamicRef", "$recursiveRef", "disallow", "extends"}, place);
    if (flat.contains("if") && (flat.contains("then") || flat.contains("else"))) refuse_keyword("if", place);
    for (const char* key : {"anyOf", "oneOf"}) {
      if (flat.contains(key)) return alternatives(flat, key, place);
    }
    if (flat.contains("const") || flat.contains("enum")) return enumeration(flat, place);
    const Json types = flat.contains("type") ? named_types(flat) : implied_types(flat);
    if (types.empty() && flat.contains("type")) refuse_schema(place, "nothing satisfies it: no type is left");
    std::vector<std::string> bodies;
    for (const Json& type : types) {
      if (!type.is_string()) refuse_schema(place, "type must be a string or an array of strings");
      if (type == "integer" && std::find(types.begin(), types.end(), "number") != types.end()) continue;
      bodies.push_back(of_type(type.get<std::string>(), flat, place));
    }
    if (bodies.empty()) return any();
    if (bodies.size() == 1) return bodies[0];
    for (std::string& each : bodies) each = rules_.add(each);
    return fmt::format("{}", fmt::join(bodies, " | "));
  }

  std::string of_type(const std::string& type, const Json& flat, Place place) {
    if (type == "object") return object(flat, place);
    if (type == "array") return array(flat, place);
    if (type == "string") return string(flat, place);
    if (type == "integer" || type == "number") return number(flat, type == "integer", place);
    if (type == "boolean") return "\"true\" | \"false\"";
    if (type == "null") return "\"null\"";
    refuse_schema(place, fmt::format("there is no type {}", type));
  }

  [[noreturn]] static void refuse_keyword(std::string_view key, Place place) {
    refuse_schema(place,
                  fmt::format("the keyword {} cannot be followed while writing: drop it, and check the result", key));
  }

  static void refuse_any(const Json& flat, std::initializer_list<const char*> keys, Place place) {
    for (const char* key : keys) {
      if (flat.contains(key)) refuse_keyword(key, place);
    }
  }

  // ---- choices ------------------------------------------------------------------------------------------------------

  std::string alternatives(const Json& flat, const char* key, Place place) {
    Json rest = flat;
    rest.erase(key);
    if (!flat[key].is_array() || flat[key].empty())
      refuse_schema(place, fmt::format("{} must be an array of schemas", key));
    std::vector<Json> merged;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < flat[key].size(); ++i) {
      const Json& alternative = flat[key][i];
      const std::string here = fmt::format("{}/{}/{}", place, key, i);
      Json both = merger_.flatten(rest.empty() ? alternative : Json{{"allOf", Json::array({rest, alternative})}}, here);
      if (both == false || (both.contains("type") && both["type"].empty())) continue;
      if (key == std::string_view("oneOf")) require_disjoint(merged, both, here);
      names.push_back(value(both, here));
      merged.push_back(std::move(both));
    }
    if (names.empty()) refuse_schema(place, "nothing satisfies it");
    return fmt::format("{}", fmt::join(names, " | "));
  }

  void require_disjoint(const std::vector<Json>& others, const Json& schema, Place place) const {
    for (const Json& other : others) {
      if (!are_disjoint(schema, other, merger_, place)) {
        refuse_schema(place,
                      "alternatives of oneOf that may hold together: tell them apart by a required constant, or "
                      "write anyOf");
      }
    }
  }

  std::string enumeration(const Json& flat, Place place) {
    if (flat.contains("enum") && !flat["enum"].is_array()) refuse_schema(place, "enum must be an array");
    Json values = flat.contains("const") ? Json::array({flat["const"]}) : flat["enum"];
    if (flat.contains("const") && flat.contains("enum")) {
      const Json& others = flat["enum"];
      if (std::find(others.begin(), others.end(), flat["const"]) == others.end()) values.clear();
    }
    const Json types = valid_types(flat);
    std::vector<std::string> literals;
    for (const Json& each : values) {
      const std::string_view type = type_of(each);
      const bool fits = std::any_of(types.begin(), types.end(), [type](const Json& expected) {
        return expected.is_string() && is_of_type(type, expected.get_ref<const std::string&>());
      });
      if (!fits) continue;
      for (const auto& [key, unused] : flat.items()) {
        if (key != "format" && is_of_type(type, type_of_keyword(key)))
          refuse_schema(place, fmt::format("{} beside enum or const", key));
      }
      literals.push_back(gbnf_literal(each.dump()));
    }
    if (literals.empty()) refuse_schema(place, "nothing satisfies it: no value of enum or const is of its type");
    return fmt::format("{}", fmt::join(literals, " | "));
  }

  // ---- objects ------------------------------------------------------------------------------------------------------

  struct Property {
    std::string pair;  // rule: "name": value
    bool required;
  };

  std::string object(const Json& flat, Place place) {
    for (const char* key :
         {"patternProperties", "dependencies", "dependentRequired", "dependentSchemas", "propertyNames"}) {
      if (flat.contains(key) && flat[key] != Json::object() && flat[key] != true) refuse_keyword(key, place);
    }
    Json declared = flat.value("properties", Json::object());
    Json beside = flat.value("additionalProperties", Json(!flat.contains("properties")));
    Json undeclared = flat.value("additionalProperties", Json(true));
    if (flat.contains("unevaluatedProperties") && flat["unevaluatedProperties"] != true) {
      if (flat["unevaluatedProperties"] != false) refuse_keyword("unevaluatedProperties", place);
      if (!flat.contains("additionalProperties")) undeclared = beside = false;
    }
    const std::set<std::string> required = required_names(flat, place);
    for (const std::string& name : required) {
      if (declared.contains(name)) continue;
      if (undeclared == false) {
        refuse_schema(place, fmt::format("nothing satisfies it: {} is required and not allowed", name));
      }
      declared[name] = undeclared;
    }
    if (count(flat, "minProperties", 0, place) > std::ssize(required)) refuse_keyword("minProperties", place);

    std::vector<Property> properties;
    for (const auto& [name, schema] : declared.items()) {
      const bool is_required = required.contains(name);
      const std::string here = place + "/properties/" + name;
      if (!is_required && never(schema, here)) continue;
      properties.push_back({pair(gbnf_literal(Json(name).dump()), inner_value(schema, here)), is_required});
    }
    long room = count(flat, "maxProperties", -1, place);
    if (room >= 0) room -= std::ssize(properties);
    if (flat.contains("maxProperties") && room < 0) refuse_keyword("maxProperties", place);
    if (room == 0) beside = false;

    std::string more;
    if (!never(beside, place)) {
      more = pair(other_key(declared), inner_value(beside, place + "/additionalProperties"));
    }
    const std::string members = first_member(properties, more, room);
    if (members.empty()) return "\"{\" " + blank() + " \"}\"";
    const bool may_be_empty =
        std::none_of(properties.begin(), properties.end(), [](const Property& p) { return p.required; });
    return fmt::format("\"{{\" {0} ({1} {0}){2} \"}}\"", blank(), members, may_be_empty ? "?" : "");
  }

  static std::set<std::string> required_names(const Json& flat, Place place) {
    std::set<std::string> names;
    if (!flat.contains("required")) return names;
    const Json& required = flat["required"];
    if (!required.is_array()) refuse_schema(place, "required must be an array of names");
    for (const Json& name : required) {
      if (!name.is_string()) refuse_schema(place, "required must be an array of names");
      names.insert(name.get<std::string>());
    }
    return names;
  }

  std::string pair(const std::string& key, const std::string& value) {
    return rules_.add(fmt::format("{0} {1} \":\" {1} {2}", key, blank(), value));
  }

  // Members in order, of which the first has no comma before it. "" when there can be none.
  std::string first_member(const std::vector<Property>& properties, const std::string& more, long room) {
    const std::string comma = fmt::format("\",\" {} ", blank());
    std::string first, rest;  // the members from here on, when none has been written and when one has
    if (!more.empty()) {
      const std::string another = rules_.add(comma + more);
      rest = rules_.add(another + gbnf_repeat(0, room));
      first = room == 1 ? more : rules_.add(more + ' ' + another + gbnf_repeat(0, room < 0 ? -1 : room - 1));
    }
    for (auto property = properties.rbegin(); property != properties.rend(); ++property) {
      const std::string from_here = property->pair + ' ' + rest;
      if (property->required) {
        first = rules_.add(from_here);
        rest = rules_.add(comma + from_here);
      } else {
        first = rules_.add(first.empty() ? from_here : from_here + " | " + first);
        rest = rules_.add(fmt::format("({}{})? {}", comma, property->pair, rest));
      }
    }
    return first;
  }

  // A key that is none of the declared names; escapes, with which it could be one in disguise, are left out.
  std::string other_key(const Json& declared) {
    const std::string plain = rules_.add(plain_character());
    const std::string quote = gbnf_literal("\"");
    std::set<std::u32string> names;
    for (const auto& [name, unused] : declared.items()) names.insert(utf32(name));
    return rules_.add(quote + ' ' + none_of(names, 0, plain) + ' ' + quote);
  }

  // The rest of a string behind its first `at` characters, which all `names` share, so that it is none of them.
  std::string none_of(const std::set<std::u32string>& names, std::size_t at, const std::string& plain) {
    std::map<char32_t, std::set<std::u32string>> by_next;
    bool ends_here = false;
    for (const std::u32string& name : names) {
      if (name.size() == at) {
        ends_here = true;
      } else {
        by_next[name[at]].insert(name);
      }
    }
    std::vector<CodePoints> taken = {{0, 0x1F}, {U'"', U'"'}, {U'\\', U'\\'}, {0x7F, 0x7F}};
    std::vector<std::string> ways;
    for (const auto& [next, longer] : by_next) {
      taken.push_back({next, next});
      if (next < 0x20 || next == U'"' || next == U'\\' || next == 0x7F) continue;
      if (at > 100) continue;  // such keys are left out
      ways.push_back(gbnf_class(std::vector<CodePoints>{{next, next}}) + ' ' + none_of(longer, at + 1, plain));
    }
    ways.push_back(gbnf_class(taken, true) + ' ' + plain + '*');
    if (!ends_here) ways.push_back(gbnf_literal(""));
    return rules_.add(fmt::format("{}", fmt::join(ways, " | ")));
  }

  // ---- arrays -------------------------------------------------------------------------------------------------------

  std::string array(const Json& flat, Place place) {
    refuse_any(flat, {"contains"}, place);
    if (flat.contains("unevaluatedItems") && flat["unevaluatedItems"] != true)
      refuse_keyword("unevaluatedItems", place);
    const long least = count(flat, "minItems", 0, place);
    long most = count(flat, "maxItems", -1, place);
    if (flat.contains("uniqueItems") && flat["uniqueItems"] != false && most != 0 && most != 1) {
      refuse_keyword("uniqueItems", place);
    }
    const bool old_tuple = flat.contains("items") && flat["items"].is_array();
    const Json tuple = old_tuple ? flat["items"] : flat.value("prefixItems", Json::array());
    const char* rest_key = old_tuple ? "additionalItems" : "items";
    if (!tuple.is_array()) refuse_schema(place, "prefixItems must be an array of schemas");
    const long prefix = std::ssize(tuple);
    const bool rest_is_said = flat.contains(rest_key);
    const Json rest = flat.value(rest_key, Json(true));
    if (never(rest, place) || (prefix > 0 && !rest_is_said && least <= prefix)) {
      most = most < 0 ? prefix : std::min(most, prefix);
    }
    if (least > kMaxCount) refuse_schema(place, fmt::format("minItems above {}", kMaxCount));
    if (most >= 0 && most < least) refuse_schema(place, "nothing satisfies it: maxItems is less than minItems");

    // The tuple is written as far as maxItems allows; what is behind it is optional from minItems on.
    std::string items;
    const std::string comma = fmt::format("\",\" {} ", blank());
    const long written = most < 0 ? prefix : std::min(most, prefix);
    for (long i = 0; i < written; ++i) {
      const auto index = static_cast<std::size_t>(i);
      items += (i > 0 ? comma : "") +
               inner_value(tuple[index], fmt::format("{}/{}/{}", place, old_tuple ? "items" : "prefixItems", i)) + ' ';
    }
    if (most < 0 || most > written) {
      const std::string item = inner_value(rest, place + '/' + rest_key);
      const std::string another = rules_.add(comma + item);
      const long need = std::max(0L, least - written), room = most < 0 ? -1 : most - written;
      if (written > 0) {
        items += another + gbnf_repeat(need, room) + ' ';
      } else {
        const std::string list =
            item + ' ' + another + gbnf_repeat(std::max(0L, need - 1), room < 0 ? -1 : room - 1) + ' ';
        items += need > 0 ? list : rules_.add(list + blank()) + "? ";
        if (need == 0) return "\"[\" " + blank() + ' ' + items + "\"]\"";
      }
    }
    if (items.empty()) return "\"[\" " + blank() + " \"]\"";
    return "\"[\" " + blank() + ' ' + items + blank() + " \"]\"";
  }

  // ---- scalars ------------------------------------------------------------------------------------------------------

  std::string string(const Json& flat, Place place) {
    const long least = count(flat, "minLength", 0, place), most = count(flat, "maxLength", -1, place);
    if (least > kMaxCount) refuse_schema(place, fmt::format("minLength above {}", kMaxCount));
    if (most >= 0 && most < least) refuse_schema(place, "nothing satisfies it: maxLength is less than minLength");
    const std::string format = format_pattern(flat, place);
    if (flat.contains("pattern") && !flat["pattern"].is_string()) refuse_schema(place, "pattern must be a string");
    if (flat.contains("pattern") && !format.empty()) refuse_schema(place, "pattern and format cannot be combined");
    if (flat.contains("pattern") || !format.empty()) {
      const std::string pattern = format.empty() ? flat["pattern"].get<std::string>() : format;
      try {
        return regex_gbnf(pattern, least, most, rules_);
      } catch (const Error& error) {
        const std::string which = format.empty() ? "pattern " + pattern : "format " + flat["format"].get<std::string>();
        refuse_schema(place, which + ' ' + error.what());
      }
    }
    return fmt::format("\"\\\"\" {} \"\\\"\"", most == 0 ? "" : character() + gbnf_repeat(least, most));
  }

  static std::string format_pattern(const Json& flat, Place place) {
    if (!flat.contains("format")) return {};
    if (!flat["format"].is_string()) refuse_schema(place, "format must be a string");
    return std::string(pattern_of_format(flat["format"].get<std::string>()));
  }

  std::string number(const Json& flat, bool integer, Place place) {
    refuse_any(flat, {"multipleOf", "divisibleBy"}, place);
    const std::string low_key = stricter(flat, "minimum", "exclusiveMinimum", place, true);
    const std::string high_key = stricter(flat, "maximum", "exclusiveMaximum", place, false);
    if (low_key.empty() && high_key.empty()) return integer ? integer_rule() : number_rule();
    std::string low_text, high_text;
    const auto bound = [&flat](const std::string& key, std::string& text) -> std::optional<Bound> {
      if (key.empty()) return std::nullopt;
      text = flat[key].dump();
      return Bound{text, key.starts_with("exclusive")};
    };
    const auto low = bound(low_key, low_text), high = bound(high_key, high_text);
    const std::optional<std::string> body = integer ? integer_gbnf(low, high) : number_gbnf(low, high);
    if (!body) refuse_schema(place, "nothing that could be written lies between the bounds");
    return *body;
  }

  static std::string stricter(const Json& flat, const char* inclusive, const char* exclusive, Place place, bool low) {
    for (const char* key : {inclusive, exclusive}) {
      if (flat.contains(key) && !flat[key].is_number()) refuse_schema(place, fmt::format("{} must be a number", key));
    }
    if (!flat.contains(exclusive)) return flat.contains(inclusive) ? inclusive : "";
    if (!flat.contains(inclusive)) return exclusive;
    const bool inclusive_wins = low ? flat[inclusive] > flat[exclusive] : flat[inclusive] < flat[exclusive];
    return inclusive_wins ? inclusive : exclusive;
  }

  static long count(const Json& flat, const char* key, long absent, Place place) {
    if (!flat.contains(key)) return absent;
    const Json& value = flat[key];
    if (!value.is_number() || value < 0 || type_of(value) != "integer") {
      refuse_schema(place, fmt::format("{} must be a whole number that is not negative", key));
    }
    return value > 1e9 ? 1000000000 : value.get<long>();
  }

  // ---- what needs no schema -----------------------------------------------------------------------------------------

  std::string blank() { return rules_.add("(\" \" | \"\\n\" [ \\t]{0,20})?"); }
  std::string character() {
    return rules_.add(
        plain_character() +
        " | \"\\\\\" ([\"\\\\bfnrt] | \"u\" ([0-9a-cefA-CEF] [0-9a-fA-F]{3} | [dD] [0-7] [0-9a-fA-F]{2}))");
  }
  std::string integer_rule() { return rules_.add("\"-\"? (\"0\" | [1-9] [0-9]{0,14})"); }
  std::string number_rule() { return rules_.add(integer_rule() + " (\".\" [0-9]{1,15})? ([eE] [-+]? [0-9]{1,2})?"); }
  std::string any() {
    if (any_.empty()) {
      any_ = rules_.reserve();
      const std::string text = rules_.add("\"\\\"\" " + character() + "* \"\\\"\""),
                        comma = rules_.add("\",\" " + blank());
      const std::string member = pair(text, any_);
      const std::string object =
          rules_.add(fmt::format("\"{{\" {0} ({1} ({2} {1})* {0})? \"}}\"", blank(), member, comma));
      const std::string array = rules_.add(fmt::format("\"[\" {0} ({1} ({2} {1})* {0})? \"]\"", blank(), any_, comma));
      rules_.define(
          any_, fmt::format("{} | {} | {} | {} | \"true\" | \"false\" | \"null\"", object, array, text, number_rule()));
    }
    return any_;
  }

  const Json& document_;
  SchemaMerger merger_;
  GbnfRules rules_;
  std::map<std::string, std::string> names_;  // rules by flattened schema
  std::set<std::string> leading_;             // rules under way of which nothing is written yet
  std::string any_;
  int depth_ = 0;
};

}  // namespace

std::string json_schema_to_gbnf(std::string_view schema) {
  if (schema.size() > kMaxText)
    throw Error(ErrorKind::usage, "json_schema: {} bytes are more than 1 MiB", schema.size());
  OrderedJson document;
  try {
    // Copies and comparisons of JSON values recurse.
    document = OrderedJson::parse(schema, [](int depth, OrderedJson::parse_event_t, OrderedJson&) {
      if (depth > 2 * kMaxDepth)
        throw Error(ErrorKind::usage, "json_schema: more than {} brackets inside each other", depth - 1);
      return true;
    });
  } catch (const nlohmann::json::exception& failure) {
    std::string_view reason = failure.what();
    if (const auto end = reason.find("] "); end != reason.npos) reason.remove_prefix(end + 2);
    throw Error(ErrorKind::usage, "json_schema: it is not JSON: {}", reason);
  }
  return Converter(document).convert();
}

}  // namespace decant
