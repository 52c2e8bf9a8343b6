#include "schema/json_schema_disjoint.h"

#include <algorithm>
#include <optional>

#include "schema/json_schema_types.h"

namespace decant {
namespace {

using Json = OrderedJson;

constexpr int kMaxDepth = 8;

std::optional<Json> constants(const Json& schema) {
  if (schema.contains("const")) return Json::array({schema["const"]});
  if (schema.contains("enum") && schema["enum"].is_array()) return schema["enum"];
  return std::nullopt;
}

bool have_no_value_in_common(const Json& a, const Json& b) {
  // As unordered JSON: the order of an object's members makes no difference.
  return std::none_of(a.begin(), a.end(), [&b](const Json& x) {
    return std::any_of(b.begin(), b.end(), [&x](const Json& y) { return nlohmann::json(x) == nlohmann::json(y); });
  });
}

bool none_is_of_a_type_of(const Json& values, const Json& schema) {
  return std::none_of(values.begin(), values.end(), [&schema](const Json& value) {
    return types_meet(Json::array({type_of(value)}), valid_types(schema));
  });
}

class Comparison {
 public:
  Comparison(const SchemaMerger& merger, const std::string& place) : merger_(merger), place_(place) {}

  bool disjoint(const Json& a, const Json& b, int depth) const {
    if (depth > kMaxDepth) return false;
    const auto values = constants(a), others = constants(b);
    if (values && others) return have_no_value_in_common(*values, *others);
    if (values) return none_is_of_a_type_of(*values, b);
    if (others) return none_is_of_a_type_of(*others, a);
    const Json types = written_types(a), other_types = written_types(b);
    if (!types_meet(types, valid_types(b)) && !types_meet(other_types, valid_types(a))) return true;
    const Json object = Json::array({"object"});
    return types == object && other_types == object && (told_apart(a, b, depth) || told_apart(b, a, depth));
  }

 private:
  // Some property that `a` requires makes the difference.
  bool told_apart(const Json& a, const Json& b, int depth) const {
    const Json properties = a.value("properties", Json::object()), others = b.value("properties", Json::object());
    for (const Json& name : a.value("required", Json::array())) {
      if (!name.is_string()) continue;
      const auto key = name.get<std::string>();
      if (!others.contains(key)) {
        if (b.contains("additionalProperties") && b["additionalProperties"] == false) return true;
        continue;
      }
      if (!properties.contains(key)) continue;
      const Json one = merger_.flatten(properties[key], place_), other = merger_.flatten(others[key], place_);
      if (one == false || other == false || disjoint(one, other, depth + 1)) return true;
    }
    return false;
  }

  const SchemaMerger& merger_;
  const std::string& place_;
};

}  // namespace

bool are_disjoint(const OrderedJson& a, const OrderedJson& b, const SchemaMerger& merger, const std::string& place) {
  return Comparison(merger, place).disjoint(a, b, 0);
}

}  // namespace decant
