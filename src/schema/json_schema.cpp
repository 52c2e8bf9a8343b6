#include "schema/json_schema.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/utf8_reader.h"
#include "schema/automaton_gbnf.h"
#include "schema/gbnf_text.h"
#include "schema/json_schema_count.h"
#include "schema/json_schema_disjoint.h"
#include "schema/json_schema_members.h"
#include "schema/json_schema_merge.h"
#include "schema/json_schema_names.h"
#include "schema/json_schema_refs.h"
#include "schema/json_schema_strings.h"
#include "schema/json_schema_types.h"
#include "schema/json_schema_value.h"
#include "schema/number_gbnf.h"

namespace decant {
namespace {

using Json = OrderedJson;

constexpr std::size_t kMaxText = 16 << 20;
constexpr std::size_t kMaxRules = 200000;
constexpr int kMaxDepth = 200;        // of schemas inside each other
constexpr long kMaxCounted = 50000;   // rules for the members of one object, or the items of one array
constexpr int kMaxMembers = 5000;     // of an object: looked for one by one
constexpr long kMaxEffort = 6000000;  // steps in all automata, of which a second has some six million

class Converter {
 public:
  // `never`: flattened schemas of which no finite text is one, though nothing in them says so.
  Converter(const Json& document, const std::set<std::string>& never)
      : document_(document), never_(never), merger_(document) {}

  std::string convert() { return value(document_, "#"); }
  const GbnfRules& rules() const { return rules_; }

  // Those of the schemas met.
  std::set<std::string> endless() const {
    const std::set<std::string> rules = rules_.endless();
    std::set<std::string> result;
    for (const auto& [flat, rule] : names_) {
      if (rules.contains(rule)) result.insert(flat);
    }
    return result;
  }

 private:
  using Place = const std::string&;

  // ---- schemas ------------------------------------------------------------------------------------------------------

  // The rule of a schema's values.
  std::string value(const Json& schema, Place place) {
    const Json flat = merger_.flatten(schema, place);
    if (flat == false) refuse_unsatisfiable(place);
    const std::string key = flat.dump();
    if (never_.contains(key)) refuse_unsatisfiable(place, "it has no end");
    const auto [found, is_new] = names_.try_emplace(key);
    if (!is_new) {
      if (found->second.empty()) refuse_unsatisfiable(place);
      if (leading_.contains(found->second)) refuse_schema(place, "it refers to itself with nothing in between");
      return found->second;
    }
    if (rules_.size() > kMaxRules) refuse_schema(place, fmt::format("the schema needs more than {} rules", kMaxRules));
    if (depth_ >= kMaxDepth) refuse_schema(place, fmt::format("more than {} schemas inside each other", kMaxDepth));
    const std::string name = found->second = rules_.reserve();
    leading_.insert(name);
    ++depth_;
    try {
      rules_.define(name, body(flat, place));
    } catch (const Unsatisfiable&) {
      leading_.erase(name);
      --depth_;
      names_[key].clear();
      throw;
    }
    leading_.erase(name);
    --depth_;
    return name;
  }

  // nullopt for a schema that nothing satisfies.
  std::optional<std::string> value_if_any(const Json& schema, Place place) {
    try {
      return inner_value(schema, place);
    } catch (const Unsatisfiable&) {
      return std::nullopt;
    }
  }

  // The same inside brackets, where a schema may meet itself again.
  std::string inner_value(const Json& schema, Place place) {
    std::set<std::string> outer;
    outer.swap(leading_);
    try {
      std::string name = value(schema, place);
      outer.swap(leading_);
      return name;
    } catch (const Unsatisfiable&) {
      outer.swap(leading_);
      throw;
    }
  }

  std::string body(const Json& flat, Place place) {
    if (flat.contains("const") || flat.contains("enum")) return enumeration(flat, place);
    refuse_any(flat, {"not", "$dynamicRef", "$recursiveRef", "disallow", "extends"}, place);
    if (flat.contains("if") && (flat.contains("then") || flat.contains("else"))) refuse_keyword("if", place);
    for (const char* key : {"anyOf", "oneOf"}) {
      if (flat.contains(key)) return alternatives(flat, key, place);
    }
    const Json types = flat.contains("type") ? named_types(flat) : implied_types(flat);
    if (types.empty() && !flat.contains("type")) return any();
    std::vector<std::string> bodies;
    std::optional<Unsatisfiable> failure;
    for (const Json& type : types) {
      if (!type.is_string()) refuse_schema(place, "type must be a string or an array of strings");
      if (type == "integer" && std::find(types.begin(), types.end(), "number") != types.end()) continue;
      try {
        bodies.push_back(of_type(type.get<std::string>(), flat, place));
      } catch (const Unsatisfiable& why) {
        failure = why;
      }
    }
    if (bodies.empty() && failure) throw *failure;
    if (bodies.empty()) refuse_unsatisfiable(place, "no type is left");
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
      try {
        names.push_back(value(both, here));
      } catch (const Unsatisfiable&) {
        continue;
      }
      if (key == std::string_view("oneOf")) require_disjoint(merged, both, here);
      merged.push_back(std::move(both));
    }
    if (names.empty()) refuse_unsatisfiable(place);
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
    std::vector<std::string> literals;
    for (const Json& each : allowed_constants(flat, merger_, place)) literals.push_back(constant(each));
    if (literals.empty()) refuse_unsatisfiable(place, "no value of enum or const is allowed beside the rest");
    return fmt::format("{}", fmt::join(literals, " | "));
  }

  // With blanks where they may be.
  std::string constant(const Json& value) {
    if (!value.is_structured() || value.empty()) return gbnf_literal(value.dump());
    std::vector<std::string> parts;
    for (const auto& [name, each] : value.items()) {
      const std::string inner = constant(each);
      parts.push_back(value.is_array()
                          ? inner
                          : fmt::format("{0} {1} \":\" {1} {2}", gbnf_literal(Json(name).dump()), blank(), inner));
    }
    const auto [open, close] = value.is_array() ? std::pair('[', ']') : std::pair('{', '}');
    return fmt::format("\"{0}\" {2} {3} {2} \"{1}\"", open, close, blank(), fmt::join(parts, ' ' + comma()));
  }

  // ---- objects ------------------------------------------------------------------------------------------------------

  std::string object(const Json& flat, Place place) {
    for (const char* key : {"dependencies", "dependentRequired", "dependentSchemas"}) {
      if (flat.contains(key) && flat[key] != Json::object()) refuse_keyword(key, place);
    }
    const Names names(flat, merger_, place);
    const std::set<std::string> required = required_names(flat, place);
    const Json declared = names.declared(required);
    std::vector<Member> members;
    for (const auto& [name, schema] : declared.items()) {
      const bool is_required = required.contains(name);
      const std::string here = place + "/properties/" + name;
      const bool allowed = names.allows(name) && schema != false;
      if (is_required && !allowed) refuse_unsatisfiable(place, fmt::format("{} is required and not allowed", name));
      const auto rule = is_required ? inner_value(schema, here) : value_if_any(schema, here);
      if (rule && allowed) members.push_back({pair(gbnf_literal(Json(name).dump()), *rule), is_required});
    }
    const long least = count_of(flat, "minProperties", 0, place), most = count_of(flat, "maxProperties", -1, place);
    MemberList list(members, most == 0 ? "" : other_members(names.others(required), place), comma(), rules_);
    const bool may_be_empty = least == 0 && required.empty();
    const std::optional<std::string> written = most == 0 ? std::nullopt : counted(list, least, most, place);
    if (!written && list.needs_others) {
      refuse_schema(place,
                    fmt::format("minProperties {} asks for several undeclared names that differ, which cannot be "
                                "followed while writing: declare them",
                                least));
    }
    if (!written && !may_be_empty) refuse_unsatisfiable(place, "minProperties, maxProperties and required");
    if (!written) return "\"{\" " + blank() + " \"}\"";
    return fmt::format("\"{{\" {0} ({1} {0}){2} \"}}\"", blank(), *written, may_be_empty ? "?" : "");
  }

  static std::optional<std::string> counted(MemberList& list, long least, long most, Place place) {
    if (list.cost(least, most) > kMaxCounted) {
      refuse_schema(place, fmt::format("counting its members or items takes more than {} rules", kMaxCounted));
    }
    return list.rule(least, most);
  }

  // The rule of the members that no name declares; "" if there are none.
  std::string other_members(const std::vector<Names::Group>& groups, Place place) {
    std::vector<std::string> rules;
    for (const auto& [keys, schema] : groups) {
      const auto rule = value_if_any(schema, place + "/additionalProperties");
      if (rule) rules.push_back(pair(rules_.add(json_strings_gbnf(keys, rules_)), *rule));
    }
    return rules.size() < 2 ? (rules.empty() ? "" : rules[0]) : rules_.add(fmt::format("{}", fmt::join(rules, " | ")));
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

  // ---- arrays -------------------------------------------------------------------------------------------------------

  std::string array(const Json& flat, Place place) {
    refuse_any(flat, {"contains"}, place);
    if (flat.contains("unevaluatedItems") && flat["unevaluatedItems"] != true)
      refuse_keyword("unevaluatedItems", place);
    const long least = count_of(flat, "minItems", 0, place);
    long most = count_of(flat, "maxItems", -1, place);
    const bool unique = flat.contains("uniqueItems") && flat["uniqueItems"] != false && most != 0 && most != 1;
    if (unique && items_are_constants(flat, place)) return unique_constants(flat, least, most, place);
    if (unique) require_different_items(flat, least, place);
    const std::string open = unique ? rules_.unique_bracket() : gbnf_literal("[");
    const bool old_tuple = flat.contains("items") && flat["items"].is_array();
    const Json tuple = old_tuple ? flat["items"] : flat.value("prefixItems", Json::array());
    const char* rest_key = old_tuple ? "additionalItems" : "items";
    if (!tuple.is_array()) refuse_schema(place, "prefixItems must be an array of schemas");
    const long prefix = std::ssize(tuple);
    const bool rest_is_said = flat.contains(rest_key);
    const Json rest = flat.value(rest_key, Json(true));
    if (rest == false || (prefix > 0 && !rest_is_said && least <= prefix)) {
      most = most < 0 ? prefix : std::min(most, prefix);
    }
    if (most >= 0 && most < least) refuse_unsatisfiable(place, "maxItems is less than minItems");

    // The tuple is written as far as maxItems allows; what is behind it is optional from minItems on.
    std::string items;
    long written = most < 0 ? prefix : std::min(most, prefix);
    for (long i = 0; i < written; ++i) {
      const std::string here = fmt::format("{}/{}/{}", place, old_tuple ? "items" : "prefixItems", i);
      const auto item = value_if_any(tuple[static_cast<std::size_t>(i)], here);
      if (!item) most = written = i;
      if (item) items += (i > 0 ? comma() : "") + *item + ' ';
    }
    if (most < 0 || most > written) {
      const auto item = value_if_any(rest, place + '/' + rest_key);
      if (!item) most = written;
      if (item && written == 0) return array_of(open, *item, least, most);
      if (item)
        items += repeated(rules_.add(comma() + *item), std::max(0L, least - written), most < 0 ? -1 : most - written,
                          rules_) +
                 ' ';
    }
    if (most >= 0 && most < least) refuse_unsatisfiable(place, "its items can be no more than " + std::to_string(most));
    if (items.empty()) return "\"[\" " + blank() + " \"]\"";
    return open + ' ' + blank() + ' ' + items + blank() + " \"]\"";
  }

  std::string array_of(const std::string& open, const std::string& item, long least, long most) {
    const std::string another = rules_.add(comma() + item);
    const std::string list = item + ' ' + repeated(another, std::max(0L, least - 1), most < 0 ? -1 : most - 1, rules_);
    if (most == 0) return "\"[\" " + blank() + " \"]\"";
    return fmt::format("{3} {0} ({1} {0}){2} \"]\"", blank(), list, least > 0 ? "" : "?", open);
  }

  bool items_are_constants(const Json& flat, Place place) {
    const Json items = merger_.flatten(flat.value("items", Json(true)), place + "/items");
    const bool tuple = flat.contains("prefixItems") || flat.contains("additionalItems") || items.is_array();
    return !tuple && items.is_object() && (items.contains("enum") || items.contains("const"));
  }

  // Whoever writes sees for each item that it differs, but not that so many can.
  void require_different_items(const Json& flat, long least, Place place) const {
    if (least < 2) return;
    const bool tuple = flat.contains("prefixItems") || (flat.contains("items") && flat["items"].is_array());
    const Json items = flat.value("items", Json(true));
    if (tuple || least_number_of_values(items, least, merger_, place + "/items") < least) {
      refuse_schema(place,
                    fmt::format("uniqueItems and minItems {} ask for more items than are known to differ", least));
    }
  }

  // Items that are constants, each once, in the order of the schema.
  std::string unique_constants(const Json& flat, long least, long most, Place place) {
    const Json items = merger_.flatten(flat["items"], place + "/items");
    std::vector<Member> members;
    for (const Json& each : allowed_constants(items, merger_, place + "/items")) {
      members.push_back({rules_.add(constant(each)), false});
    }
    MemberList list(members, "", comma(), rules_);
    const auto written = counted(list, least, most, place);
    if (!written && least > 0) refuse_unsatisfiable(place, "too few different items are allowed");
    if (!written) return "\"[\" " + blank() + " \"]\"";
    return fmt::format("\"[\" {0} ({1} {0}){2} \"]\"", blank(), *written, least > 0 ? "" : "?");
  }

  // ---- scalars ------------------------------------------------------------------------------------------------------

  std::string string(const Json& flat, Place place) {
    const StringLanguage strings(flat, place);
    if (strings.is_empty()) refuse_unsatisfiable(place, "no string is allowed by pattern, format and lengths together");
    return strings.gbnf(rules_);
  }

  std::string number(const Json& flat, bool integer, Place place) {
    refuse_any(flat, {"multipleOf", "divisibleBy"}, place);
    const std::string low_key = stricter(flat, "minimum", "exclusiveMinimum", place, true);
    const std::string high_key = stricter(flat, "maximum", "exclusiveMaximum", place, false);
    if (low_key.empty() && high_key.empty()) return integer ? integer_rule() : number_rule();
    const auto bound = [&flat](const std::string& key) {
      return key.empty() ? std::nullopt : std::optional(Bound{flat[key].dump(), key.starts_with("exclusive")});
    };
    const Dfa dfa = number_automaton(bound(low_key), bound(high_key), integer);
    if (dfa.is_empty()) refuse_unsatisfiable(place, "nothing that could be written lies between the bounds");
    return numbers_gbnf(dfa, rules_);
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

  // ---- what needs no schema -----------------------------------------------------------------------------------------

  std::string blank() { return rules_.add("(\" \" | \"\\n\" [ \\t]{0,20})?"); }
  std::string comma() { return fmt::format("\",\" {} ", blank()); }
  std::string integer_rule() { return rules_.add("\"-\"? (\"0\" | [1-9] [0-9]{0,16})"); }
  // Of up to 17 digits before the point and behind it; none that double precision would take for infinite.
  std::string number_rule() {
    return rules_.add(
        integer_rule() +
        " (\".\" [0-9]{1,17})? ([eE] (\"-\" [0-9]{1,3} | \"+\"? ([0-9]{1,2} | \"0\" [0-9]{2} | \"1\" [0-9]{2} | "
        "\"2\" [0-8] [0-9])))?");
  }
  std::string any() {
    if (any_.empty()) {
      any_ = rules_.reserve();
      const std::string text = rules_.add(json_strings_gbnf(every_character(), 0, -1, rules_)),
                        comma = rules_.add(this->comma());
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
  const std::set<std::string>& never_;
  SchemaMerger merger_;
  GbnfRules rules_;
  std::map<std::string, std::string> names_;  // rules by flattened schema; "" if nothing satisfies it
  std::set<std::string> leading_;             // rules under way of which nothing is written yet
  std::string any_;
  int depth_ = 0;
};

OrderedJson parsed(std::string_view schema) {
  std::vector<int> members;  // of the objects that are open
  const auto bounded = [&members](int depth, OrderedJson::parse_event_t event, OrderedJson&) {
    // Copies and comparisons of JSON values recurse.
    if (depth > 2 * kMaxDepth)
      throw Error(ErrorKind::usage, "json_schema: more than {} brackets inside each other", depth - 1);
    if (event == OrderedJson::parse_event_t::object_start) members.push_back(0);
    if (event == OrderedJson::parse_event_t::object_end) members.pop_back();
    if (event == OrderedJson::parse_event_t::key && ++members.back() > kMaxMembers)
      throw Error(ErrorKind::usage, "json_schema: an object of more than {} members", kMaxMembers);
    return true;
  };
  try {
    return OrderedJson::parse(schema, bounded);
  } catch (const nlohmann::json::exception& failure) {
    std::string_view reason = failure.what();
    if (const auto end = reason.find("] "); end != reason.npos) reason.remove_prefix(end + 2);
    throw Error(ErrorKind::usage, "json_schema: it is not JSON: {}", reason);
  }
}

}  // namespace

std::string json_schema_to_gbnf(std::string_view schema) {
  if (schema.size() > kMaxText)
    throw Error(ErrorKind::usage, "json_schema: {} bytes are more than 16 MiB", schema.size());
  OrderedJson document = parsed(schema);
  const AutomataEffort effort(kMaxEffort);
  document = with_local_references(std::move(document));
  for (std::set<std::string> never;;) {
    Converter converter(document, never);
    const std::string root = converter.convert();
    const std::set<std::string> endless = converter.endless();
    if (endless.empty()) return converter.rules().text(root);
    never.insert(endless.begin(), endless.end());
  }
}

}  // namespace decant
