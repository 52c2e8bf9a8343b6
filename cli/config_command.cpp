// decant config: every option of decant run, its value, and where that comes from.
#include "cli/command.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/session.h"
#include "cli/sources.h"
#include "cli/style.h"
#include "options/table.h"
#include "strategies/resolve.h"

namespace decant {
namespace {

constexpr std::string_view kBuiltIn = "built-in";

struct OptionLine {
  std::string_view name, group;
  Value value;
  std::string origin;
};

template <class Options>
void add_rows(std::vector<OptionLine>& rows, Fields<Options> table, const Options& options, const Origins& origins,
              bool only_set) {
  for (const auto& field : table) {
    const auto origin = origins.find(field.name);
    if (origin == origins.end() && only_set) continue;
    rows.push_back({field.name, field.group, value_of(options, field),
                    origin == origins.end() ? std::string(kBuiltIn) : origin->second});
  }
}

std::string as_json(std::span<const OptionLine> rows, std::string_view strategy) {
  JsonWriter json;
  json.begin_object().field("strategy", strategy).key("options").begin_object();
  for (const OptionLine& row : rows) {
    json.key(row.name).begin_object().key("value");
    write_json(json, row.value);
    json.field("origin", std::string_view(row.origin)).end_object();
  }
  json.end_object().end_object();
  return json.text() + "\n";
}

std::string as_text(std::span<const OptionLine> rows, std::string_view strategy, const Style& style, int width) {
  constexpr int name_columns = 34, least = 12;
  const int value_columns = std::max(least, std::min(28, width - name_columns - 30));
  std::string text = fmt::format("The strategy of these options is {}.\n", strategy);
  std::string_view group;
  for (const OptionLine& row : rows) {
    if (row.group != group) text += "\n" + style.bold(row.group) + "\n";
    group = row.group;
    const std::string value = harmless(to_text(row.value));
    const std::string line = fmt::format("  {}{}  {}\n", fit(row.name, name_columns - 2),
                                         fit(value.empty() ? "-" : value, value_columns), harmless(row.origin));
    text += row.origin == kBuiltIn ? style.quiet(line.substr(0, line.size() - 1)) + "\n" : line;
  }
  return text;
}

}  // namespace

int config_command(const std::vector<std::string>& arguments) {
  GenerationConfig config;
  ModelOptions model;
  Sources sources;
  bool json = false, only_set = false, quiet = false;
  std::string color = "auto";
  Flags flags(
      "decant config",
      "Show each option of decant run with its value and where that comes from: a flag, the environment "
      "(DECANT_TEMPERATURE), a file of your own (~/.config/decant/config.yaml), --generation-config, or built-in.",
      "Example: decant config --generation-config generation_config.json --set-only");
  flags.own("--set-only", only_set, "only those that something has set").group("Output");
  flags.own("--json", json, "one JSON object").group("Output");
  flags.own("--color", color, "auto, always, never [auto]").type("WHEN").group("Output");
  flags.own("--quiet", quiet, "no word of what a file has that is no option").group("Output");
  add_source_flags(flags, sources, config, model);
  if (!flags.parse(arguments)) {
    Output().write(flags.help());
    return 0;
  }
  Output output;
  const Style style(wants_color(color, output.is_terminal()));
  const Origins origins = take_from_sources(sources, config, model, quiet);
  check_ranges(model_fields(), model);
  const std::string_view strategy = resolve_strategy(config).name;
  std::vector<OptionLine> rows;
  add_rows<GenerationConfig>(rows, generation_fields(), config, origins, only_set);
  add_rows<ModelOptions>(rows, model_fields(), model, origins, only_set);
  if (json) {
    output.write(as_json(rows, strategy));
  } else {
    output.write_styled(as_text(rows, strategy, style, terminal_width()));
  }
  return 0;
}

}  // namespace decant
