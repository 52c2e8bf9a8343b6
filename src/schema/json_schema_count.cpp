#include "schema/json_schema_count.h"

#include <algorithm>
#include <cmath>

#include "schema/json_schema_strings.h"
#include "schema/json_schema_types.h"
#include "schema/json_schema_value.h"

namespace decant {
namespace {

using Json = OrderedJson;

constexpr int kMaxDepth = 16, kMaxSchemas = 1000;

class Count {
 public:
  Count(long enough, const SchemaMerger& merger, const std::string& place)
      : enough_(enough), merger_(merger), place_(place) {}

  long of(const Json& schema, int depth) {
    if (depth > kMaxDepth || ++schemas_ > kMaxSchemas) return 0;
    try {
      const Json flat = merger_.flatten(schema, place_);
      return flat == false ? 0 : std::min(enough_, of_flat(flat, depth));
    } catch (const Unsatisfiable&) {
      return 0;
    }
  }

 private:
  long of_flat(const Json& flat, int depth) {
    if (flat.contains("const") || flat.contains("enum")) return std::ssize(allowed_constants(flat, merger_, place_));
    for (const char* key : {"anyOf", "oneOf"}) {
      if (flat.contains(key)) return of_alternatives(flat, key, depth);
    }
    const Json types = flat.contains("type") ? named_types(flat) : implied_types(flat);
    if (types.empty() && !flat.contains("type")) return enough_;
    long n = 0;
    for (const Json& type : types) {
      const bool counted = type == "integer" && std::find(types.begin(), types.end(), "number") != types.end();
      if (!counted && type.is_string()) n += of_type(type.get<std::string>(), flat, depth);
    }
    return n;
  }

  long of_alternatives(const Json& flat, const char* key, int depth) {
    Json rest = flat;
    rest.erase(key);
    long most = 0;
    for (const Json& each : flat[key]) most = std::max(most, of({{"allOf", Json::array({rest, each})}}, depth + 1));
    return most;
  }

  long of_type(const std::string& type, const Json& flat, int depth) {
    if (type == "boolean") return 2;
    if (type == "null") return 1;
    if (type == "string") return StringLanguage(flat, place_).least_number(enough_);
    if (type == "array") return of_arrays(flat, depth);
    if (type == "object") return of_objects(flat, depth);
    return of_numbers(flat, type == "integer");
  }

  // Of numbers that are not whole, the tenths between the bounds.
  long of_numbers(const Json& flat, bool integer) const {
    constexpr double far = 1e9;  // fewer digits than any number may have
    const auto bound = [&](const char* key, double absent) {
      return flat.contains(key) && flat[key].is_number() ? flat[key].get<double>() : absent;
    };
    const double scale = integer ? 1 : 10;
    const double first = std::max(std::ceil(scale * bound("minimum", -far)),
                                  std::floor(scale * bound("exclusiveMinimum", -2 * far)) + 1);
    const double last =
        std::min(std::floor(scale * bound("maximum", far)), std::ceil(scale * bound("exclusiveMaximum", 2 * far)) - 1);
    return static_cast<long>(std::clamp(last - first + 1, 0.0, static_cast<double>(enough_)));
  }

  long of_arrays(const Json& flat, int depth) {
    if (flat.contains("prefixItems") || flat.value("items", Json(true)).is_array()) return 0;
    const long least = count_of(flat, "minItems", 0, place_), most = count_of(flat, "maxItems", -1, place_);
    const long empty = least == 0 ? 1 : 0;
    if (most >= 0 && most <= least) return empty;
    const long items = of(flat.value("items", Json(true)), depth + 1);
    const bool unique = flat.value("uniqueItems", Json(false)) != false;
    return unique && items < least ? 0 : empty + items;
  }

  long of_objects(const Json& flat, int depth) {
    for (const char* key :
         {"patternProperties", "propertyNames", "minProperties", "maxProperties", "unevaluatedProperties"}) {
      if (flat.contains(key)) return 0;
    }
    const Json required = flat.value("required", Json::array()), declared = flat.value("properties", Json::object());
    if (declared.empty())
      return required.empty() && flat.value("additionalProperties", Json(true)) == true ? enough_ : 0;
    long n = 1;
    for (const Json& name : required) {
      if (!name.is_string() || !declared.contains(name.get<std::string>())) return 0;
      n = std::min(enough_, n * of(declared[name.get<std::string>()], depth + 1));
    }
    for (const auto& [name, schema] : declared.items()) {
      if (n == 0 || n >= enough_) break;
      const bool is_optional = std::find(required.begin(), required.end(), name) == required.end();
      if (is_optional) n *= 1 + of(schema, depth + 1);
    }
    return n;
  }

  const long enough_;
  const SchemaMerger& merger_;
  const std::string& place_;
  int schemas_ = 0;
};

}  // namespace

long least_number_of_values(const OrderedJson& schema, long enough, const SchemaMerger& merger,
                            const std::string& place) {
  return Count(enough, merger, place).of(schema, 0);
}

}  // namespace decant
