#include <string>

#include "fuzz/targets.h"
#include "options/generation_config.h"
#include "options/table.h"
#include "server/api_error.h"
#include "server/json_body.h"
#include "strategies/resolve.h"

namespace decant::fuzz {

void config(std::string_view bytes) {
  Json json;
  try {
    json = read_json(bytes);
  } catch (const ApiError&) {
    return;
  }
  GenerationConfig config;
  const bool refused = refuses([&] {
    for (const auto& [name, value] : json.items()) {
      const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
      set(config, get(generation_fields(), name), text);
    }
  });
  if (!refused) refuses([&] { resolve_strategy(config); });
}

}  // namespace decant::fuzz
