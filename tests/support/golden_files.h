// The golden files: what they are is in goldens/README.md.
#pragma once

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "options/generation_config.h"
#include "options/table.h"
#include "support/paths.h"

namespace decant::test {

using Json = nlohmann::json;

inline Json golden(const std::string& name) {
  std::ifstream file(test::goldens_folder() / name);
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
      set(config, field, one.is_string() ? one.get<std::string>() : one.dump());
    };
    if (value.is_array()) {
      for (const Json& each : value) set_one(each);
    } else {
      set_one(value);
    }
  }
  return config;
}

// Cases by prompt. Unless DECANT_ALL_GOLDENS is set, every sixth of each prompt's, beginning with another one for
// each prompt, so that every setting has its turn.
inline std::map<std::string, std::vector<Json>> by_prompt(const Json& cases, const char* key,
                                                          std::size_t n_settings_at_least = 1) {
  std::map<std::string, std::vector<Json>> all, share;
  for (const Json& c : cases) all[c[key]].push_back(c);
  std::size_t first = 0;
  for (const auto& [prompt, list] : all) {
    if (list.size() < n_settings_at_least)
      throw Error(ErrorKind::data, "{} has only {} golden cases", prompt, list.size());
    const std::size_t step = std::getenv("DECANT_ALL_GOLDENS") ? 1 : 6;
    for (std::size_t i = first++ % step; i < list.size(); i += step) share[prompt].push_back(list[i]);
  }
  return share;
}

}  // namespace decant::test
