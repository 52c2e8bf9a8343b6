#include "schema/json_schema_names.h"

#include <algorithm>

#include "base/utf8_reader.h"
#include "schema/json_schema_strings.h"
#include "schema/json_schema_types.h"
#include "schema/json_schema_value.h"

namespace decant {
namespace {

using Json = OrderedJson;

constexpr std::size_t kMaxGroups = 64;

Json all_of(std::vector<Json> schemas) {
  return schemas.size() == 1 ? schemas[0] : Json{{"allOf", Json(std::move(schemas))}};
}

// The names that propertyNames allows, which is a schema of strings.
Dfa names_of(const Json& schema, const SchemaMerger& merger, const std::string& place) {
  const std::string here = place + "/propertyNames";
  const Json flat = merger.flatten(schema, here);
  if (flat == false) return {};
  if (flat.contains("enum") || flat.contains("const")) {
    std::vector<std::u32string> names;
    for (const Json& each : allowed_constants(flat, merger, here)) {
      if (each.is_string()) names.push_back(utf32(each.get<std::string>()));
    }
    return Dfa::of_texts(names);
  }
  for (const auto& [key, unused] : flat.items()) {
    const bool of_other_types = !type_of_keyword(key).empty() && type_of_keyword(key) != "string";
    const bool known = key == "type" || key == "pattern" || key == "format" || key == "minLength" || key == "maxLength";
    if (!known && !of_other_types)
      refuse_schema(here, fmt::format("the keyword {} cannot be followed while writing names", key));
  }
  const Json types = valid_types(flat);
  if (std::find(types.begin(), types.end(), "string") == types.end()) return {};
  const StringLanguage strings(flat, here);
  try {
    return strings.automaton();
  } catch (const Error& error) {
    refuse_schema(here, std::string("what it allows ") + error.what());
  }
}

}  // namespace

Names::Names(const Json& flat, const SchemaMerger& merger, const std::string& place)
    : properties_(flat.value("properties", Json::object())), place_(place) {
  const Json patterns = flat.value("patternProperties", Json::object());
  beside_ = flat.value("additionalProperties", Json(properties_.empty() && patterns.empty()));
  undeclared_ = flat.value("additionalProperties", Json(true));
  if (flat.contains("unevaluatedProperties") && flat["unevaluatedProperties"] != true) {
    if (flat["unevaluatedProperties"] != false) {
      refuse_schema(
          place, "the keyword unevaluatedProperties cannot be followed while writing: drop it, and check the result");
    }
    if (!flat.contains("additionalProperties")) undeclared_ = beside_ = false;
  }
  for (const auto& [pattern, schema] : patterns.items()) {
    patterns_.push_back({pattern_automaton(pattern, place + "/patternProperties"), schema});
  }
  if (flat.contains("propertyNames") && flat["propertyNames"] != true) {
    allowed_ = names_of(flat["propertyNames"], merger, place);
  }
}

bool Names::allows(const std::string& name) const { return !allowed_ || allowed_->contains(utf32(name)); }

Json Names::schema_of(const std::string& name) const {
  std::vector<Json> asked;
  if (properties_.contains(name)) asked.push_back(properties_[name]);
  for (const Pattern& pattern : patterns_) {
    if (pattern.names.contains(utf32(name))) asked.push_back(pattern.schema);
  }
  return asked.empty() ? undeclared_ : all_of(std::move(asked));
}

Json Names::declared(const std::set<std::string>& required) const {
  Json result = Json::object();
  for (const auto& [name, unused] : properties_.items()) result[name] = schema_of(name);
  for (const std::string& name : required) {
    if (!properties_.contains(name)) result[name] = schema_of(name);
  }
  return result;
}

std::vector<Names::Group> Names::others(const std::set<std::string>& required) const {
  if (beside_ == false && patterns_.empty()) return {};
  Dfa rest = allowed_ ? *allowed_ : Dfa::of_everything();
  std::vector<std::u32string> taken;
  for (const auto& [name, unused] : properties_.items()) taken.push_back(utf32(name));
  for (const std::string& name : required) taken.push_back(utf32(name));
  if (!taken.empty()) rest = difference(rest, Dfa::of_texts(taken));
  return split_by_patterns(std::move(rest));
}

std::vector<Names::Group> Names::split_by_patterns(Dfa rest) const {
  struct Part {
    Dfa names;
    std::vector<Json> asked;
  };
  std::vector<Part> parts;
  if (!rest.is_empty()) parts.push_back({std::move(rest), {}});
  for (const Pattern& pattern : patterns_) {
    std::vector<Part> finer;
    for (Part& part : parts) {
      Dfa matching = intersection(part.names, pattern.names), others = difference(part.names, pattern.names);
      if (!others.is_empty()) finer.push_back({std::move(others), part.asked});
      part.asked.push_back(pattern.schema);
      if (!matching.is_empty()) finer.push_back({std::move(matching), std::move(part.asked)});
    }
    parts = std::move(finer);
    if (parts.size() > kMaxGroups)
      refuse_schema(place_, fmt::format("its patternProperties overlap in more than {} ways", kMaxGroups));
  }
  std::vector<Group> groups;
  for (Part& part : parts) {
    if (part.asked.empty() && beside_ == false) continue;
    groups.push_back({std::move(part.names), part.asked.empty() ? beside_ : all_of(std::move(part.asked))});
  }
  return groups;
}

}  // namespace decant
