#include <string>
#include <variant>
#include <vector>

#include "fuzz/targets.h"
#include "options/setting.h"
#include "options/table.h"
#include "strategies/resolve.h"

namespace decant::fuzz {
namespace {

// An option's value as a text is that value. (A list of texts is one text each time.)
void read_back(const GenerationConfig& config, const Field<GenerationConfig>& field) {
  const Value value = value_of(config, field);
  if (std::holds_alternative<const std::vector<std::string>*>(value)) return;
  GenerationConfig again;
  set(again, field, to_text(value));
  hold(is_equal(value, value_of(again, field)), field.name);
}

}  // namespace

void options(std::string_view bytes) {
  looks_like_setting(bytes);
  GenerationConfig config;
  if (refuses([&] { config = parse_setting(bytes, {}).config; })) return;
  for (const Field<GenerationConfig>& field : generation_fields()) {
    if (is_given(config, field)) read_back(config, field);
  }
  refuses([&] { check_ranges(generation_fields(), config); });
  refuses([&] { resolve_strategy(config); });
}

}  // namespace decant::fuzz
