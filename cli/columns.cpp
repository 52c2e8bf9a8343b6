// Tested by tests/cli/columns_test.cpp.
#include "cli/columns.h"

#include "options/resolve.h"
#include "options/setting.h"
#include "options/table.h"

namespace decant {
namespace {

constexpr std::string_view presets[] = {"amateur", "expert", "contrastive"};

// The base's options as far as greedy decoding reads them.
GenerationConfig greedy_part(const GenerationConfig& base) {
  static const GenerationConfig defaults;
  GenerationConfig config = base;
  const auto table = generation_fields();
  for (const auto& field : table) {
    if (field.read_by.contains(Strategy::greedy) && field.name != "strategy" && field.name != "do_sample") continue;
    std::visit([&](auto member) { config.*member = defaults.*member; }, field.member);
    config.given.reset(static_cast<std::size_t>(&field - table.data()));
  }
  return config;
}

Column preset(std::string_view name, const GenerationConfig& base) {
  if (name != "expert" && base.amateur.empty()) {
    throw Error(ErrorKind::usage, "the setting {} needs an amateur: --amateur, a smaller model or self:q4_0", name);
  }
  Column column{std::string(name), name == "contrastive" ? base : greedy_part(base)};
  if (name == "amateur") {
    column.config.amateur = base.amateur;
    column.voices = Session::Voices::amateur_alone;
  }
  return column;
}

// Which text is at fault, where there are several.
template <class Make>
auto in_setting(std::string_view label, Make make) {
  try {
    return make();
  } catch (const Error& error) {
    if (std::string_view(error.what()).find(label) != std::string_view::npos) throw;
    throw Error(error.kind(), "setting {}: {}", label, error.what());
  }
}

void complete(Column& column) {
  if (column.voices == Session::Voices::amateur_alone) return;  // greedy
  column.strategy = in_setting(column.label, [&] { return resolve_strategy(column.config); });
  if (const int n = column.config.num_return_sequences; n != 1) {
    throw Error(ErrorKind::usage, "num_return_sequences is {}: a column is a single text", n);
  }
}

}  // namespace

std::vector<Column> make_columns(std::span<const std::string> texts, const GenerationConfig& base) {
  std::vector<Column> columns;
  const auto add_all = [&] {
    for (const std::string_view name : presets) columns.push_back(preset(name, base));
  };
  for (const std::string& text : texts) {
    if (text == "all") {
      add_all();
    } else if (std::find(std::begin(presets), std::end(presets), text) != std::end(presets)) {
      columns.push_back(preset(text, base));
    } else {
      Setting setting = in_setting(text, [&] { return parse_setting(text, base); });
      columns.push_back({std::move(setting.label), std::move(setting.config)});
    }
  }
  if (texts.empty()) {
    if (base.amateur.empty()) {
      throw Error(ErrorKind::usage, "nothing to compare: give settings, --setting \"beams: num_beams=4\", or an --amateur");
    }
    add_all();
  }
  for (Column& column : columns) complete(column);
  return columns;
}

}  // namespace decant
