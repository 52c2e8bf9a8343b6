#include "schema/json_schema_merge.h"

#include <algorithm>
#include <set>
#include <vector>

#include "base/error.h"

namespace decant {
namespace {

constexpr int kMaxDepth = 64;
constexpr int kMaxWork =
    200000;  // keywords looked at: what is drawn in twice at each of 20 levels is a million schemas

OrderedJson both(const OrderedJson& a, const OrderedJson& b) {
  if (a == b) return a;
  return {{"allOf", OrderedJson::array({a, b})}};
}

OrderedJson as_array(const OrderedJson& value) { return value.is_array() ? value : OrderedJson::array({value}); }

bool includes(const OrderedJson& array, const OrderedJson& value) {
  return std::find(array.begin(), array.end(), value) != array.end();
}

OrderedJson intersection(const OrderedJson& a, const OrderedJson& b) {
  OrderedJson result = OrderedJson::array();
  std::copy_if(a.begin(), a.end(), std::back_inserter(result), [&b](const auto& value) { return includes(b, value); });
  return result;
}

OrderedJson common_types(const OrderedJson& a, const OrderedJson& b) {
  OrderedJson result = intersection(as_array(a), as_array(b));
  const auto narrower = [&result](const OrderedJson& one, const OrderedJson& other) {
    if (includes(one, "integer") && includes(other, "number") && !includes(result, "number") &&
        !includes(result, "integer")) {
      result.push_back("integer");
    }
  };
  narrower(as_array(a), as_array(b));
  narrower(as_array(b), as_array(a));
  return result;
}

// What a schema demands of a property that it does not declare; null for nothing.
OrderedJson additional(const OrderedJson& schema) {
  const auto found = schema.find("additionalProperties");
  return found == schema.end() || *found == true ? OrderedJson() : *found;
}

void merge_patterns(OrderedJson& into, const OrderedJson& other, const std::string& place) {
  if (!into.contains("patternProperties") && !other.contains("patternProperties")) return;
  // What is additional to one may match a pattern of the other.
  const auto clash = [](const OrderedJson& a, const OrderedJson& b) {
    return !additional(a).is_null() &&
           (b.contains("patternProperties") || (a.contains("patternProperties") && b.contains("properties")));
  };
  if (clash(into, other) || clash(other, into))
    refuse_schema(place, "patternProperties and additionalProperties from different places (allOf, $ref)");
  const OrderedJson theirs = other.value("patternProperties", OrderedJson::object());
  OrderedJson& mine = into["patternProperties"];
  if (mine.is_null()) mine = OrderedJson::object();
  for (const auto& [pattern, schema] : theirs.items()) {
    mine[pattern] = mine.contains(pattern) ? both(mine[pattern], schema) : schema;
  }
}

void merge_properties(OrderedJson& into, const OrderedJson& other) {
  const OrderedJson mine = into.value("properties", OrderedJson::object());
  const OrderedJson theirs = other.value("properties", OrderedJson::object());
  const OrderedJson mine_beside = additional(into), theirs_beside = additional(other);
  OrderedJson merged = OrderedJson::object();
  const auto constrain = [](const OrderedJson& schema, const OrderedJson& beside) {
    return beside.is_null() ? schema : beside == false ? OrderedJson(false) : both(schema, beside);
  };
  for (const auto& [name, schema] : mine.items()) {
    merged[name] = theirs.contains(name) ? both(schema, theirs[name]) : constrain(schema, theirs_beside);
  }
  for (const auto& [name, schema] : theirs.items()) {
    if (!mine.contains(name)) merged[name] = constrain(schema, mine_beside);
  }
  if (!merged.empty()) into["properties"] = merged;
  if (mine_beside.is_null() && other.contains("additionalProperties")) {
    into["additionalProperties"] = other["additionalProperties"];
  } else if (!theirs_beside.is_null()) {
    into["additionalProperties"] =
        mine_beside == false || theirs_beside == false ? OrderedJson(false) : both(mine_beside, theirs_beside);
  }
}

bool is_bound_from_below(std::string_view key) {
  return key == "minimum" || key == "exclusiveMinimum" || key == "minLength" || key == "minItems" ||
         key == "minProperties";
}

bool is_bound_from_above(std::string_view key) {
  return key == "maximum" || key == "exclusiveMaximum" || key == "maxLength" || key == "maxItems" ||
         key == "maxProperties";
}

void merge_key(OrderedJson& into, const std::string& key, const OrderedJson& value, const std::string& place) {
  OrderedJson& mine = into[key];
  if (mine == value) return;
  if (key == "type") {
    mine = common_types(mine, value);
  } else if (key == "required" && mine.is_array() && value.is_array()) {
    std::copy_if(value.begin(), value.end(), std::back_inserter(mine),
                 [&](const auto& name) { return !includes(mine, name); });
  } else if (key == "enum" && mine.is_array() && value.is_array()) {
    mine = intersection(mine, value);
  } else if (key == "items" && !mine.is_array() && !value.is_array()) {
    mine = both(mine, value);
  } else if (key == "pattern" || key == "format") {
    mine = as_array(mine);
    for (const OrderedJson& each : as_array(value)) {
      if (!includes(mine, each)) mine.push_back(each);
    }
  } else if (key == "const") {
    into["enum"] = OrderedJson::array();
  } else if (key == "uniqueItems" && mine.is_boolean() && value.is_boolean()) {
    mine = true;
  } else if (is_bound_from_below(key) && mine.is_number() && value.is_number()) {
    mine = std::max(mine, value);
  } else if (is_bound_from_above(key) && mine.is_number() && value.is_number()) {
    mine = std::min(mine, value);
  } else {
    refuse_schema(place, fmt::format("two different values of {} hold at once (allOf, $ref or alternatives)", key));
  }
}

// What `items` speaks of depends on the tuple beside it.
bool clash_over_items(const OrderedJson& a, const OrderedJson& b) {
  const auto has_tuple = [](const OrderedJson& schema) {
    return schema.contains("prefixItems") || schema.contains("additionalItems") ||
           (schema.contains("items") && schema["items"].is_array());
  };
  const auto speaks = [&](const OrderedJson& schema) { return has_tuple(schema) || schema.contains("items"); };
  return (has_tuple(a) && speaks(b)) || (has_tuple(b) && speaks(a));
}

// `into` and `other` hold together.
void merge(OrderedJson& into, const OrderedJson& other, const std::string& place) {
  if (into == false || other == false) {
    into = false;
    return;
  }
  if (clash_over_items(into, other)) refuse_schema(place, "prefixItems and items from different places (allOf, $ref)");
  merge_patterns(into, other, place);
  merge_properties(into, other);
  for (const auto& [key, value] : other.items()) {
    if (key == "properties" || key == "additionalProperties" || key == "patternProperties") continue;
    if (into.contains(key)) {
      merge_key(into, key, value, place);
    } else {
      into[key] = value;
    }
  }
}

// The exclusive bounds of draft 4, a flag beside the bound, as the numbers of later drafts.
void modernize(OrderedJson& schema) {
  for (const auto& [flag, bound] : {std::pair("exclusiveMinimum", "minimum"), {"exclusiveMaximum", "maximum"}}) {
    if (!schema.contains(flag) || !schema[flag].is_boolean()) continue;
    const bool exclusive = schema[flag].get<bool>();
    schema.erase(flag);
    if (!exclusive || !schema.contains(bound)) continue;
    schema[flag] = schema[bound];
    schema.erase(bound);
  }
}

std::string unescape(std::string text) {  // a step of a JSON pointer in a URI fragment
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool percent = text[i] == '%' && i + 2 < text.size() &&
                         std::isxdigit(static_cast<unsigned char>(text[i + 1])) &&
                         std::isxdigit(static_cast<unsigned char>(text[i + 2]));
    if (percent) {
      result += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      result += text[i];
    }
  }
  for (const auto& [escape, c] : {std::pair("~1", "/"), {"~0", "~"}}) {
    for (std::size_t at = 0; (at = result.find(escape, at)) != result.npos; ++at) result.replace(at, 2, c);
  }
  return result;
}

}  // namespace

void refuse_schema(const std::string& place, const std::string& what) {
  throw Error(ErrorKind::usage, "json_schema: at {}: {}", place, what);
}

void refuse_unsatisfiable(const std::string& place, const std::string& why) {
  throw Unsatisfiable(ErrorKind::usage, "json_schema: at {}: nothing satisfies it{}{}", place, why.empty() ? "" : ": ",
                      why);
}

bool is_annotation(std::string_view keyword) {
  static const std::set<std::string_view> meaningful = {"$ref",
                                                        "$dynamicRef",
                                                        "$recursiveRef",
                                                        "allOf",
                                                        "anyOf",
                                                        "oneOf",
                                                        "not",
                                                        "if",
                                                        "then",
                                                        "else",
                                                        "type",
                                                        "enum",
                                                        "const",
                                                        "properties",
                                                        "required",
                                                        "additionalProperties",
                                                        "patternProperties",
                                                        "propertyNames",
                                                        "minProperties",
                                                        "maxProperties",
                                                        "dependencies",
                                                        "dependentRequired",
                                                        "dependentSchemas",
                                                        "unevaluatedProperties",
                                                        "items",
                                                        "prefixItems",
                                                        "additionalItems",
                                                        "unevaluatedItems",
                                                        "minItems",
                                                        "maxItems",
                                                        "uniqueItems",
                                                        "contains",
                                                        "minContains",
                                                        "maxContains",
                                                        "minLength",
                                                        "maxLength",
                                                        "pattern",
                                                        "format",
                                                        "minimum",
                                                        "maximum",
                                                        "exclusiveMinimum",
                                                        "exclusiveMaximum",
                                                        "multipleOf",
                                                        "disallow",
                                                        "extends",
                                                        "divisibleBy"};
  return !meaningful.contains(keyword);
}

OrderedJson SchemaMerger::flatten(const OrderedJson& schema, const std::string& place, int depth) const {
  if (depth > kMaxDepth) refuse_schema(place, "it refers to itself without end");
  if ((work_ += 1 + static_cast<int>(schema.size())) > kMaxWork)
    refuse_schema(place, fmt::format("$ref and allOf draw in more than {} keywords", kMaxWork));
  if (schema.is_boolean()) return schema == true ? OrderedJson::object() : schema;
  if (!schema.is_object()) refuse_schema(place, "a schema is an object, true or false");
  OrderedJson result = OrderedJson::object();
  for (const auto& [key, value] : schema.items()) {
    if (key != "$ref" && key != "allOf" && !is_annotation(key)) result[key] = value;
  }
  if (result.contains("properties") && !result["properties"].is_object()) {
    refuse_schema(place, "properties must be an object");
  }
  modernize(result);
  std::vector<OrderedJson> parts;
  if (schema.contains("$ref")) parts.push_back(flatten(resolved(schema["$ref"], place), place, depth + 1));
  if (schema.contains("allOf")) {
    if (!schema["allOf"].is_array()) refuse_schema(place, "allOf must be an array");
    for (const OrderedJson& part : schema["allOf"]) parts.push_back(flatten(part, place, depth + 1));
  }
  if (result.empty() && parts.size() == 1) return parts[0];
  for (const OrderedJson& part : parts) {
    // Each looks only at what it evaluates itself: merged they would see more.
    for (const char* key : {"unevaluatedProperties", "unevaluatedItems"}) {
      if (part.is_object() && part.contains(key)) refuse_schema(place, fmt::format("{} inside allOf or $ref", key));
    }
    merge(result, part, place);
  }
  return result;
}

const OrderedJson& SchemaMerger::resolved(const OrderedJson& reference, const std::string& place) const {
  if (!reference.is_string()) refuse_schema(place, "$ref must be a string");
  const std::string text = reference.get<std::string>();
  if (!text.starts_with('#'))
    refuse_schema(place, fmt::format("$ref {} is another document, which is not fetched", text));
  if (text == "#") return document_;
  const auto not_there = [&] { refuse_schema(place, fmt::format("$ref {} leads nowhere in this schema", text)); };
  if (text[1] != '/') not_there();
  const OrderedJson* at = &document_;
  for (std::size_t begin = 2; begin <= text.size();) {
    const std::size_t end = std::min(text.find('/', begin), text.size());
    const std::string step = unescape(text.substr(begin, end - begin));
    const bool is_index = !step.empty() && step.size() < 10 && step.find_first_not_of("0123456789") == step.npos;
    if (at->is_object() && at->contains(step)) {
      at = &at->at(step);
    } else if (at->is_array() && is_index && std::stoul(step) < at->size()) {
      at = &at->at(std::stoul(step));
    } else {
      not_there();
    }
    begin = end + 1;
  }
  return *at;
}

}  // namespace decant
