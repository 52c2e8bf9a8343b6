#include "schema/json_schema_value.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/utf8_reader.h"
#include "schema/json_schema_strings.h"
#include "schema/json_schema_types.h"

namespace decant {
namespace {

using Json = OrderedJson;

constexpr int kMaxDepth = 64;

// The order of members makes no difference.
bool equal(const Json& a, const Json& b) { return nlohmann::json(a) == nlohmann::json(b); }

class Check {
 public:
  Check(const SchemaMerger& merger, const std::string& place) : merger_(merger), place_(place) {}

  bool holds(const Json& value, const Json& schema, int depth) const {
    if (depth > kMaxDepth) refuse_schema(place_, "it refers to itself without end");
    if (schema.is_boolean()) return schema.get<bool>();
    if (!schema.is_object()) refuse_schema(place_, "a schema is an object, true or false");
    for (const char* key : {"unevaluatedProperties", "unevaluatedItems", "$dynamicRef", "$recursiveRef"}) {
      if (schema.contains(key)) refuse_schema(place_, fmt::format("{} beside enum or const", key));
    }
    const auto inner = [&](const Json& each) { return holds(value, each, depth + 1); };
    if (schema.contains("$ref") && !inner(merger_.resolved(schema["$ref"], place_))) return false;
    return of_type(value, schema) && one_of_constants(value, schema) && combined(schema, inner) &&
           (!value.is_string() || string(value, schema)) && (!value.is_number() || number(value, schema)) &&
           (!value.is_array() || array(value, schema, depth)) && (!value.is_object() || object(value, schema, depth));
  }

 private:
  bool of_type(const Json& value, const Json& schema) const {
    if (!schema.contains("type")) return true;
    const Json types = named_types(schema);
    return std::any_of(types.begin(), types.end(), [&](const Json& type) {
      return type.is_string() && is_of_type(type_of(value), type.get_ref<const std::string&>());
    });
  }

  static bool one_of_constants(const Json& value, const Json& schema) {
    if (schema.contains("const") && !equal(schema["const"], value)) return false;
    if (!schema.contains("enum")) return true;
    const Json& all = schema["enum"];
    return std::any_of(all.begin(), all.end(), [&](const Json& each) { return equal(each, value); });
  }

  template <class F>
  bool combined(const Json& schema, F inner) const {
    const auto all = [&](const char* key) { return schema.value(key, Json::array()); };
    const Json every = all("allOf"), some = all("anyOf"), single = all("oneOf");
    if (!std::all_of(every.begin(), every.end(), inner)) return false;
    if (schema.contains("anyOf") && std::none_of(some.begin(), some.end(), inner)) return false;
    if (schema.contains("oneOf") && std::count_if(single.begin(), single.end(), inner) != 1) return false;
    if (schema.contains("not") && inner(schema["not"])) return false;
    if (!schema.contains("if")) return true;
    const char* branch = inner(schema["if"]) ? "then" : "else";
    return !schema.contains(branch) || inner(schema[branch]);
  }

  bool string(const Json& value, const Json& schema) const {
    Json keywords = Json::object();
    for (const char* key : {"pattern", "format", "minLength", "maxLength"}) {
      if (schema.contains(key)) keywords[key] = schema[key];
    }
    if (keywords.empty()) return true;
    const auto language = strings_.try_emplace(keywords.dump(), keywords, place_).first;
    return language->second.contains(utf32(value.get<std::string>()));
  }

  static bool number(const Json& value, const Json& schema) {
    const auto at = [&](const char* key) { return schema.contains(key) && schema[key].is_number(); };
    if (at("minimum") && value < schema["minimum"]) return false;
    if (at("maximum") && value > schema["maximum"]) return false;
    if (at("exclusiveMinimum") && value <= schema["exclusiveMinimum"]) return false;
    if (at("exclusiveMaximum") && value >= schema["exclusiveMaximum"]) return false;
    if (!at("multipleOf")) return true;
    const double quotient = value.get<double>() / schema["multipleOf"].get<double>();
    return std::abs(quotient - std::round(quotient)) <= 1e-9 * std::max(1.0, std::abs(quotient));
  }

  bool array(const Json& value, const Json& schema, int depth) const {
    const long size = std::ssize(value);
    if (size < count_of(schema, "minItems", 0, place_)) return false;
    const long most = count_of(schema, "maxItems", -1, place_);
    if (most >= 0 && size > most) return false;
    if (schema.value("uniqueItems", Json(false)) == true) {
      for (auto one = value.begin(); one != value.end(); ++one) {
        if (std::any_of(std::next(one), value.end(), [&](const Json& other) { return equal(*one, other); }))
          return false;
      }
    }
    const bool old_tuple = schema.contains("items") && schema["items"].is_array();
    const Json tuple = old_tuple ? schema["items"] : schema.value("prefixItems", Json::array());
    const Json rest = schema.value(old_tuple ? "additionalItems" : "items", Json(true));
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (!holds(value[i], i < tuple.size() ? tuple[i] : rest, depth + 1)) return false;
    }
    if (!schema.contains("contains")) return true;
    const long found = std::count_if(value.begin(), value.end(),
                                     [&](const Json& each) { return holds(each, schema["contains"], depth + 1); });
    const long most_found = count_of(schema, "maxContains", -1, place_);
    return found >= count_of(schema, "minContains", 1, place_) && (most_found < 0 || found <= most_found);
  }

  bool object(const Json& value, const Json& schema, int depth) const {
    const long size = std::ssize(value), most = count_of(schema, "maxProperties", -1, place_);
    if (size < count_of(schema, "minProperties", 0, place_) || (most >= 0 && size > most)) return false;
    for (const Json& name : schema.value("required", Json::array())) {
      if (name.is_string() && !value.contains(name.get<std::string>())) return false;
    }
    const Json declared = schema.value("properties", Json::object());
    const Json patterns = schema.value("patternProperties", Json::object());
    for (const auto& [name, each] : value.items()) {
      bool known = declared.contains(name);
      if (known && !holds(each, declared[name], depth + 1)) return false;
      for (const auto& [pattern, inner] : patterns.items()) {
        if (!names_of(pattern).contains(utf32(name))) continue;
        known = true;
        if (!holds(each, inner, depth + 1)) return false;
      }
      if (!known && schema.contains("additionalProperties") && !holds(each, schema["additionalProperties"], depth + 1))
        return false;
      if (schema.contains("propertyNames") && !holds(Json(name), schema["propertyNames"], depth + 1)) return false;
    }
    return dependencies(value, schema, depth);
  }

  const Dfa& names_of(const std::string& pattern) const {
    const auto found = patterns_.find(pattern);
    return found != patterns_.end() ? found->second
                                    : patterns_.emplace(pattern, pattern_automaton(pattern, place_)).first->second;
  }

  bool dependencies(const Json& value, const Json& schema, int depth) const {
    for (const char* key : {"dependentRequired", "dependentSchemas", "dependencies"}) {
      const Json all = schema.value(key, Json::object());
      for (const auto& [name, wanted] : all.items()) {
        if (!value.contains(name)) continue;
        if (!wanted.is_array() && !holds(value, wanted, depth + 1)) return false;
        if (!wanted.is_array()) continue;
        for (const Json& other : wanted) {
          if (other.is_string() && !value.contains(other.get<std::string>())) return false;
        }
      }
    }
    return true;
  }

  const SchemaMerger& merger_;
  const std::string& place_;
  mutable std::map<std::string, StringLanguage> strings_;  // by their keywords
  mutable std::map<std::string, Dfa> patterns_;
};

}  // namespace

OrderedJson allowed_constants(const OrderedJson& flat, const SchemaMerger& merger, const std::string& place) {
  const char* const key = flat.contains("const") ? "const" : "enum";
  if (flat.contains("enum") && !flat["enum"].is_array()) refuse_schema(place, "enum must be an array");
  Json others = flat;
  others.erase(key);
  const Check check(merger, place);
  std::set<nlohmann::json> seen;
  Json result = Json::array();
  for (const Json& each : flat.contains("const") ? Json::array({flat["const"]}) : flat["enum"]) {
    if (seen.insert(nlohmann::json(each)).second && check.holds(each, others, 0)) result.push_back(each);
  }
  return result;
}

}  // namespace decant
