// Tested by tests/strategies/resolve_test.cpp.
#include "strategies/resolve.h"

#include <algorithm>

#include "options/table.h"
#include "processors/recipe.h"

namespace decant {
namespace {

using OptionRow = Field<GenerationConfig>;

std::span<const std::string_view> strategy_names() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> all;
    for (const StrategyRow* row : strategies()) all.push_back(row->name);
    return all;
  }();
  return names;
}

const Registered<OptionRow> strategy_option(
    {{.name = "strategy",
      .group = "Decoding",
      .range = one_of(strategy_names),
      .doc = "how tokens are chosen; follows from the other options if not set",
      .when = "to be told when the other options do not fit the strategy you mean",
      .order = -1},
     &GenerationConfig::strategy});

bool is_sampling_option(const OptionRow& row) { return row.group == sampling_group; }

bool is_default(const GenerationConfig& config, const OptionRow& row) {
  return is_equal(value_of(config, row), default_of(row));
}

bool is_implied(const GenerationConfig& config, const StrategyRow& row) {
  return !row.implied_by.empty() && !is_default(config, get(generation_fields(), row.implied_by));
}

// Whether a strategy that the options ask for has the sampling option among its own: contrastive search and contrastive
// decoding count candidates by top_k.
bool is_claimed(const GenerationConfig& config, std::string_view option) {
  const auto& all = strategies();
  return std::any_of(all.begin(), all.end(),
                     [&](const StrategyRow* row) { return lists(*row, option) && is_implied(config, *row); });
}

// The first sampling option that was set, null if none was.
const OptionRow* first_sampling_option(const GenerationConfig& config) {
  for (const OptionRow& row : generation_fields()) {
    if (!is_sampling_option(row) || !is_set(config, row)) continue;
    if (!is_claimed(config, row.name)) return &row;
  }
  return nullptr;
}

const StrategyRow& by_default() { return strategy("greedy"); }

const StrategyRow& implied(const GenerationConfig& config) {
  std::vector<const StrategyRow*> rows;
  for (const StrategyRow* row : strategies()) {
    if (is_implied(config, *row)) rows.push_back(row);
  }
  if (rows.empty()) return by_default();
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto* a, const auto* b) { return a->precedence > b->precedence; });
  if (rows.size() > 1 && rows[0]->precedence == rows[1]->precedence) {
    reject_contradiction(rows[0]->implied_by, rows[1]->implied_by);
  }
  return *rows[0];
}

// The one that draws instead of it; null: none does.
const StrategyRow* drawing(const StrategyRow& row) {
  const auto& all = strategies();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto* each) { return each->draws_for == row.name; });
  return found == all.end() ? nullptr : *found;
}

const StrategyRow& named(const GenerationConfig& config) {
  const StrategyRow& row = strategy(config.strategy);
  if (!row.draws_for.empty()) {
    if (config.temperature == 0) return strategy(row.draws_for);
    if (config.do_sample == false) reject_contradiction("strategy " + config.strategy, "do_sample false");
  } else if (config.do_sample == true && config.temperature != 0 && !row.draws(config)) {
    reject_contradiction("strategy " + config.strategy, "do_sample true");
  }
  return row;
}

const StrategyRow& choose(const GenerationConfig& config) {
  const bool samples = asks_to_sample(config);
  if (!config.strategy.empty()) return named(config);
  const StrategyRow& row = implied(config);
  if (!samples) return row;
  if (const StrategyRow* other = drawing(row)) return *other;
  if (row.beams(config) && !row.draws(config)) reject_contradiction(row.implied_by, "sampling");
  return row;
}

void reject_second_text(const GenerationConfig& config, const StrategyRow& row) {
  if (config.num_return_sequences == 1 || row.draws(config) || row.beams(config)) return;
  throw Error(ErrorKind::usage, "num_return_sequences is {}, but {}{} finds a single sequence: use sampling or beams",
              config.num_return_sequences, row.name, &row == &by_default() ? " decoding" : "");
}

void reject_missing(const GenerationConfig& config, const StrategyRow& row) {
  for (const Need& need : row.needs) {
    if (is_set(config, get(generation_fields(), need.option))) continue;
    throw Error(ErrorKind::usage, "strategy {} needs {}", row.name, need.advice);
  }
}

void reject_more_texts_than_beams(const GenerationConfig& config, const StrategyRow& row) {
  if (!row.beams(config) || config.num_return_sequences <= config.num_beams) return;
  throw Error(ErrorKind::usage, "num_return_sequences is {}, but {} beams find no more than {} texts: raise num_beams",
              config.num_return_sequences, config.num_beams, config.num_beams);
}

// Whether every token is the one of the highest score, so that temperature 0 and the cuts that keep that token ask for
// nothing else.
bool takes_the_likeliest(const GenerationConfig& config, const StrategyRow& row) {
  return !row.beams(config) && !row.draws(config) && (&row == &by_default() || lists(row, sampling_group));
}

// Temperature is 0. Options that the strategy claims for itself are its own.
void reject_sampling_of_nothing(const GenerationConfig& config, const StrategyRow& strategy) {
  if (takes_the_likeliest(config, strategy)) return reject_what_temperature_0_is_not(config);
  for (const OptionRow& row : generation_fields()) {
    if (!is_sampling_option(row) || row.name == "temperature" || !is_set(config, row)) continue;
    if (lists(strategy, row.name)) continue;
    reject_contradiction("temperature 0", fmt::format("{} {}", row.name, to_text(value_of(config, row))));
  }
}

void reject_unread(const GenerationConfig& config, const StrategyRow& strategy) {
  for (const OptionRow& row : generation_fields()) {
    if (!is_set(config, row) || reads(strategy, row)) continue;
    if (is_sampling_option(row) && config.temperature == 0 &&
        (row.name == "temperature" || takes_the_likeliest(config, strategy)))
      continue;
    if (!is_sampling_option(row) && is_default(config, row)) continue;
    throw Error(ErrorKind::usage, "strategy {} does not read {}: drop it, or choose a strategy that reads it ({})",
                strategy.name, row.name, readers(row));
  }
}

// An option that another one has to turn on.
void reject_idle(const GenerationConfig& config) {
  const auto table = generation_fields();
  for (const OptionRow& row : table) {
    if (row.needs.empty() || is_default(config, row)) continue;
    const OptionRow& master = get(table, row.needs);
    if (!is_default(config, master)) continue;
    throw Error(ErrorKind::usage, "{0} does nothing without {1}: set {1}, or drop {0}", row.name, master.name);
  }
}

// Options that others leave without an effect.
void reject_useless(const GenerationConfig& config, const StrategyRow& row) {
  if (config.length_penalty == 0 && config.normalize == "prompt")
    throw Error(ErrorKind::usage, "normalize does nothing with length_penalty 0: no length counts; drop one of them");
  if (!config.include_stop_str_in_output && config.stop_strings.empty())
    throw Error(ErrorKind::usage, "include_stop_str_in_output does nothing without stop_strings: set them, or drop it");
  reject_idle_processor_options(config, row.draws(config));
}

}  // namespace

const StrategyRow& resolve_strategy(const GenerationConfig& config) {
  check_ranges(generation_fields(), config);
  reject_idle(config);
  reject_processor_contradictions(config);
  const StrategyRow& row = choose(config);
  reject_second_text(config, row);
  reject_missing(config, row);
  row.check(config);
  reject_more_texts_than_beams(config, row);
  if (config.temperature == 0) reject_sampling_of_nothing(config, row);
  reject_unread(config, row);
  reject_useless(config, row);
  return row;
}

bool asks_to_sample(const GenerationConfig& config) {
  if (config.temperature == 0) return false;
  const OptionRow* option = first_sampling_option(config);
  if (option && config.do_sample == false) {
    reject_contradiction("do_sample false", fmt::format("{} {}", option->name, to_text(value_of(config, *option))));
  }
  return option || config.do_sample == true;
}

std::string_view sampling_option(const GenerationConfig& config) {
  const OptionRow* option = first_sampling_option(config);
  return option ? option->name : "do_sample";
}

}  // namespace decant
