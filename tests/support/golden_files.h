// The golden files: what they are is in goldens/README.md.
#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "options/generation_config.h"
#include "options/table.h"

namespace decant::test {

using Json = nlohmann::json;

inline Json golden(const std::string& name) {
  std::ifstream file(std::filesystem::path(DECANT_GOLDENS) / name);
  if (!file) throw Error(ErrorKind::no_input, "the golden file {} cannot be read", name);
  return Json::parse(file);
}

// By value, so that a loop may range over it.
inline Json golden_cases(const std::string& name) { return golden(name)["cases"]; }

// `options` as they stand in a golden file: decant's own names.
inline GenerationConfig config_of(const Json& options) {
  GenerationConfig config;
  for (const auto& [name, value] : options.items()) {
    const auto& field = get(generation_fields(), name);
    const auto set_one = [&, &field = field](const Json& one) {
      set(generation_fields(), config, field, one.is_string() ? one.get<std::string>() : one.dump());
    };
    if (value.is_array()) {
      for (const Json& each : value) set_one(each);
    } else {
      set_one(value);
    }
  }
  return config;
}

}  // namespace decant::test
