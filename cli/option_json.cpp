#include "cli/option_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "options/table.h"

namespace decant {
namespace {

// As flags would be given it.
void set_from_json(GenerationConfig& config, const Field<GenerationConfig>& field, const nlohmann::json& value) {
  reset(config, field);
  if (!value.is_array()) return set(config, field, value.is_string() ? value.get<std::string>() : value.dump());
  std::string numbers;
  for (const auto& each : value) {
    if (each.is_string()) set(config, field, each.get<std::string>());
    numbers += (numbers.empty() ? "" : ",") + each.dump();
  }
  if (!value.empty() && !value[0].is_string()) set(config, field, numbers);
}

}  // namespace

void write_set_options(JsonWriter& json, const GenerationConfig& config) {
  json.begin_object();
  for (const auto& field : generation_fields()) {
    if (!is_set(config, field)) continue;
    json.key(field.name);
    write_json(json, value_of(config, field));
  }
  json.end_object();
}

std::vector<std::string> set_options(
    GenerationConfig& config, std::string_view text, const std::string& name,
    const std::function<bool(const GenerationConfig&, const Field<GenerationConfig>&)>& wanted) try {
  const auto json = nlohmann::json::parse(text);
  if (!json.is_object()) throw Error(ErrorKind::data, "{} holds no JSON object", name);
  std::vector<std::string> unknown;
  for (const auto& [option, value] : json.items()) {
    const auto* field = find(generation_fields(), option);
    if (!field) {
      unknown.push_back(option);
    } else if (!value.is_null() && wanted(config, *field)) {
      set_from_json(config, *field, value);
    }
  }
  return unknown;
} catch (const nlohmann::json::exception&) {
  throw Error(ErrorKind::data, "{} is no JSON", name);
}

}  // namespace decant
