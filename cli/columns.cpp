// Tested by tests/cli/columns_test.cpp.
#include "cli/columns.h"

#include <algorithm>

#include "options/setting.h"
#include "options/table.h"
#include "processors/recipe.h"
#include "strategies/resolve.h"

namespace decant {
namespace {

constexpr std::string_view presets[] = {"amateur", "expert", "contrastive"};
constexpr std::string_view separators = " ,;";

// The base's options as far as greedy decoding reads them.
GenerationConfig greedy_part(const GenerationConfig& base) {
  GenerationConfig config = base;
  for (const auto& field : generation_fields()) {
    if (!reads(strategy("greedy"), field) || field.name == "strategy" || field.name == "do_sample")
      reset(config, field);
  }
  if (!orders_something(config, false)) reset(config, get(generation_fields(), "sampler_order"));
  return config;
}

Column preset(std::string_view name, const GenerationConfig& base) {
  if (name != "expert" && base.amateur.empty()) {
    throw Error(ErrorKind::usage, "the preset {} needs an amateur: --amateur, a smaller model or self:q4_0", name);
  }
  Column column{std::string(name), name == "contrastive" ? base : greedy_part(base)};
  if (name == "amateur") {
    column.config.amateur = base.amateur;
    column.voices = Session::Voices::amateur_alone;
  }
  return column;
}

std::string_view trim(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(separators), text.size()));
  return text.substr(0, text.find_last_not_of(separators) + 1);
}

// The name of the preset that the text begins with; empty if it begins with none.
std::string_view preset_name(std::string_view text) {
  const std::string_view word = text.substr(0, text.find_first_of(separators));
  return std::find(std::begin(presets), std::end(presets), word) == std::end(presets) ? "" : word;
}

Column parse_column(std::string_view text, const GenerationConfig& base) {
  const std::size_t colon = text.find(':');
  const bool has_label = colon != text.npos && colon < text.find('=');
  const std::string label(trim(has_label ? text.substr(0, colon) : text));
  std::string_view body = trim(has_label ? text.substr(colon + 1) : text);
  const std::string_view name = preset_name(body);
  Column column = name.empty() ? Column{label, base} : preset(name, base);
  body.remove_prefix(name.size());
  column.config = parse_setting(body, column.config).config;
  column.label = label;
  return column;
}

}  // namespace

std::vector<Column> parse_columns(std::span<const std::string> texts, const GenerationConfig& base) {
  std::vector<Column> columns;
  for (const std::string& text : texts) {
    if (text == "all") {
      for (const std::string_view name : presets) columns.push_back(preset(name, base));
      continue;
    }
    try {
      columns.push_back(parse_column(text, base));
    } catch (const Error& error) {
      throw Error(error.kind(), "setting '{}': {}", text, error.what());
    }
  }
  return columns;
}

void resolve(Column& column, std::string_view where) {
  try {
    GenerationConfig config = column.config;
    if (column.voices == Session::Voices::amateur_alone) config.amateur.clear();
    column.strategy = &resolve_strategy(config);
  } catch (const Error& error) {
    if (where.empty()) throw;
    throw Error(error.kind(), "{}: {}", where, error.what());
  }
  const int n = column.config.num_return_sequences;
  if (n != 1) throw Error(ErrorKind::usage, "num_return_sequences is {}: only a single text can be measured", n);
}

}  // namespace decant
