#include "schema/json_schema_types.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace decant {
namespace {

OrderedJson all_types() { return OrderedJson::array({"null", "boolean", "object", "array", "number", "string"}); }

}  // namespace

std::string_view type_of(const OrderedJson& value) {
  if (value.is_null()) return "null";
  if (value.is_boolean()) return "boolean";
  if (value.is_string()) return "string";
  if (value.is_array()) return "array";
  if (value.is_object()) return "object";
  const bool whole = value.is_number_integer() || value.get<double>() == std::floor(value.get<double>());
  return whole ? "integer" : "number";
}

std::string_view type_of_keyword(std::string_view key) {
  for (const char* each :
       {"properties", "required", "additionalProperties", "patternProperties", "propertyNames", "minProperties",
        "maxProperties", "dependencies", "dependentRequired", "dependentSchemas", "unevaluatedProperties"}) {
    if (key == each) return "object";
  }
  for (const char* each : {"items", "prefixItems", "additionalItems", "unevaluatedItems", "minItems", "maxItems",
                           "uniqueItems", "contains", "minContains", "maxContains"}) {
    if (key == each) return "array";
  }
  for (const char* each : {"pattern", "format", "minLength", "maxLength"}) {
    if (key == each) return "string";
  }
  for (const char* each : {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}) {
    if (key == each) return "number";
  }
  return "";
}

bool is_of_type(std::string_view type, std::string_view expected) {
  return type == expected || (type == "integer" && expected == "number");
}

OrderedJson named_types(const OrderedJson& schema) {
  const OrderedJson& type = schema["type"];
  return type.is_array() ? type : OrderedJson::array({type});
}

OrderedJson implied_types(const OrderedJson& schema) {
  for (const auto& [key, unused] : schema.items()) {
    if (const std::string_view type = type_of_keyword(key); !type.empty()) return OrderedJson::array({type});
  }
  return OrderedJson::array();
}

OrderedJson valid_types(const OrderedJson& schema) {
  return schema.contains("type") ? named_types(schema) : all_types();
}

OrderedJson written_types(const OrderedJson& schema) {
  if (schema.contains("type")) return named_types(schema);
  const bool chooses = schema.contains("anyOf") || schema.contains("oneOf");
  const OrderedJson implied = chooses ? OrderedJson::array() : implied_types(schema);
  return implied.empty() ? all_types() : implied;
}

bool types_meet(const OrderedJson& a, const OrderedJson& b) {
  const auto meet = [](const OrderedJson& x, const OrderedJson& y) {
    if (!x.is_string() || !y.is_string()) return false;
    const std::string_view one = x.get_ref<const std::string&>(), other = y.get_ref<const std::string&>();
    return is_of_type(one, other) || is_of_type(other, one);
  };
  return std::any_of(a.begin(), a.end(), [&](const OrderedJson& x) {
    return std::any_of(b.begin(), b.end(), [&](const OrderedJson& y) { return meet(x, y); });
  });
}

}  // namespace decant
