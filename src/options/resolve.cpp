#include "options/resolve.h"

#include "options/table.h"

namespace decant {
namespace {

using Row = Field<GenerationConfig>;

bool is_sampling_option(const Row& row) { return row.group == sampling_group; }

// The first sampling option that was set, null if none was.
const Row* first_sampling_option(const GenerationConfig& config) {
  for (const Row& row : generation_fields()) {
    if (is_sampling_option(row) && is_set(generation_fields(), config, row)) return &row;
  }
  return nullptr;
}

[[noreturn]] void contradiction(std::string_view a, std::string_view b) {
  throw Error(ErrorKind::usage, "{} contradicts {}: drop one of them", a, b);
}

Strategy choose(const GenerationConfig& config) {
  if (config.temperature == 0) return Strategy::greedy;
  const Row* option = first_sampling_option(config);
  if (option && config.do_sample == false) {
    contradiction("do_sample false", fmt::format("{} {}", option->name, to_text(value_of(config, *option))));
  }
  if (config.strategy == name(Strategy::greedy)) {
    if (config.do_sample == true) contradiction("strategy greedy", "do_sample true");
    return Strategy::greedy;
  }
  if (config.strategy == name(Strategy::sample)) {
    if (config.do_sample == false) contradiction("strategy sample", "do_sample false");
    return Strategy::sample;
  }
  return option || config.do_sample == true ? Strategy::sample : Strategy::greedy;
}

void reject_unread(const GenerationConfig& config, Strategy strategy) {
  for (const Row& row : generation_fields()) {
    if (row.read_by.contains(strategy) || !is_set(generation_fields(), config, row)) continue;
    if (is_sampling_option(row) && config.temperature == 0) continue;
    if (!is_sampling_option(row) && is_equal(value_of(config, row), default_of(row))) continue;
    throw Error(ErrorKind::usage, "strategy {} does not read {}: drop it, or choose a strategy that reads it ({})",
                name(strategy), row.name, to_string(row.read_by));
  }
}

// An option that another one has to turn on.
void reject_idle(const GenerationConfig& config) {
  const auto table = generation_fields();
  for (const Row& row : table) {
    if (row.needs.empty() || is_equal(value_of(config, row), default_of(row))) continue;
    const Row& master = get(table, row.needs);
    if (!is_equal(value_of(config, master), default_of(master))) continue;
    throw Error(ErrorKind::usage, "{0} does nothing without {1}: set {1}, or drop {0}", row.name, master.name);
  }
}

// Mirostat makes the cut itself.
constexpr std::string_view truncations[] = {"top_n_sigma", "top_h",          "top_k",      "top_p",           "min_p",
                                            "typical_p",   "epsilon_cutoff", "eta_cutoff", "xtc_probability", "adaptive_target"};

void reject_contradictions(const GenerationConfig& config) {
  if (!config.grammar.empty() && !config.json_schema.empty()) contradiction("grammar", "json_schema");
  if (config.mirostat == 0) return;
  const auto table = generation_fields();
  for (const std::string_view name : truncations) {
    const Row& row = get(table, name);
    const bool is_off = name == "top_k" && config.top_k == 0;  // the one whose default is not
    if (is_off || is_equal(value_of(config, row), default_of(row))) continue;
    contradiction(fmt::format("mirostat {}", config.mirostat), fmt::format("{} {}", name, to_text(value_of(config, row))));
  }
}

}  // namespace

Strategy resolve_strategy(const GenerationConfig& config) {
  check_ranges(generation_fields(), config);
  reject_idle(config);
  reject_contradictions(config);
  const Strategy strategy = choose(config);
  if (strategy == Strategy::greedy && config.num_return_sequences > 1) {
    throw Error(ErrorKind::usage,
                "num_return_sequences is {}, but greedy decoding finds a single sequence: use sampling or beams",
                config.num_return_sequences);
  }
  reject_unread(config, strategy);
  return strategy;
}

}  // namespace decant
