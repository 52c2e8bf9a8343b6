#include "options/resolve.h"

#include <algorithm>

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

bool asks_to_sample(const GenerationConfig& config) {
  if (config.temperature == 0) return false;
  const Row* option = first_sampling_option(config);
  if (option && config.do_sample == false) {
    contradiction("do_sample false", fmt::format("{} {}", option->name, to_text(value_of(config, *option))));
  }
  return option || config.do_sample == true;
}

Strategy choose_beams(const GenerationConfig& config, bool samples) {
  const bool diverse = config.num_beam_groups > 1, constrained = !config.force_words.empty();
  if (diverse && constrained) contradiction("num_beam_groups", "force_words");
  if (samples && (diverse || constrained)) contradiction(diverse ? "num_beam_groups" : "force_words", "sampling");
  if (diverse) return Strategy::diverse_beam;
  if (constrained) return Strategy::constrained_beam;
  return samples ? Strategy::beam_sample : Strategy::beam;
}

Strategy choose(const GenerationConfig& config) {
  const bool samples = asks_to_sample(config);
  if (config.strategy.empty()) {
    if (config.num_beams > 1) return choose_beams(config, samples);
    return samples ? Strategy::sample : Strategy::greedy;
  }
  const auto row = std::find(strategy_names.begin(), strategy_names.end(), config.strategy);
  const auto strategy = static_cast<Strategy>(row - strategy_names.begin());
  if (sampling_strategies.contains(strategy)) {
    if (config.temperature == 0) return strategy == Strategy::sample ? Strategy::greedy : Strategy::beam;
    if (config.do_sample == false) contradiction("strategy " + config.strategy, "do_sample false");
  } else if (config.do_sample == true && config.temperature != 0) {
    contradiction("strategy " + config.strategy, "do_sample true");
  }
  return strategy;
}

// What beams need to be told, and what they cannot carry out.
void reject_beams(const GenerationConfig& config, Strategy strategy) {
  const auto table = generation_fields();
  if (!is_set(table, config, get(table, "num_beams"))) {
    throw Error(ErrorKind::usage, "strategy {} needs num_beams: 4 is a good start", name(strategy));
  }
  if (strategy == Strategy::diverse_beam && config.num_beams % config.num_beam_groups != 0) {
    throw Error(ErrorKind::usage, "{} beams cannot be divided into {} groups of the same size: make num_beams a multiple of num_beam_groups",
                config.num_beams, config.num_beam_groups);
  }
  if (strategy == Strategy::constrained_beam && config.force_words.empty()) {
    throw Error(ErrorKind::usage, "strategy constrained_beam needs force_words: the texts that the answer must contain");
  }
  if (config.num_return_sequences > config.num_beams) {
    throw Error(ErrorKind::usage, "num_return_sequences is {}, but {} beams find no more than {} texts: raise num_beams",
                config.num_return_sequences, config.num_beams, config.num_beams);
  }
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
  if (beam_strategies.contains(strategy)) reject_beams(config, strategy);
  return strategy;
}

}  // namespace decant
