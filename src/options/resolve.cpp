#include "options/resolve.h"

#include <algorithm>

#include "options/table.h"

namespace decant {
namespace {

using Row = Field<GenerationConfig>;

bool is_sampling_option(const Row& row) { return row.group == sampling_group; }

// Contrastive search and contrastive decoding have candidates of their own to count.
bool claims_top_k(const GenerationConfig& config) { return config.penalty_alpha || !config.amateur.empty(); }

// The first sampling option that was set, null if none was.
const Row* first_sampling_option(const GenerationConfig& config) {
  for (const Row& row : generation_fields()) {
    if (row.name == "top_k" && claims_top_k(config)) continue;
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

// The contrast strategy that one of its options asks for.
std::optional<Strategy> choose_contrast(const GenerationConfig& config) {
  struct Sign {
    std::string_view option;
    bool is_set;
    Strategy strategy;
  };
  const Sign signs[] = {{"penalty_alpha", config.penalty_alpha.has_value(), Strategy::contrastive_search},
                        {"amateur", !config.amateur.empty(), Strategy::contrastive_decoding},
                        {"dola_layers", !config.dola_layers.empty(), Strategy::dola}};
  const Sign* found = nullptr;
  for (const Sign& sign : signs) {
    if (!sign.is_set) continue;
    if (found) contradiction(found->option, sign.option);
    found = &sign;
  }
  return found ? std::optional(found->strategy) : std::nullopt;
}

Strategy choose(const GenerationConfig& config) {
  const bool samples = asks_to_sample(config);
  if (config.strategy.empty()) {
    if (const auto contrast = choose_contrast(config)) return *contrast;
    if (config.num_beams > 1) return choose_beams(config, samples);
    return samples ? Strategy::sample : Strategy::greedy;
  }
  const auto row = std::find(strategy_names.begin(), strategy_names.end(), config.strategy);
  const auto strategy = static_cast<Strategy>(row - strategy_names.begin());
  if (sampling_strategies.contains(strategy)) {
    if (config.temperature == 0) return strategy == Strategy::sample ? Strategy::greedy : Strategy::beam;
    if (config.do_sample == false) contradiction("strategy " + config.strategy, "do_sample false");
  } else if (config.do_sample == true && config.temperature != 0 && !contrast_strategies.contains(strategy)) {
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
    throw Error(
        ErrorKind::usage,
        "{} beams cannot be divided into {} groups of the same size: make num_beams a multiple of num_beam_groups",
        config.num_beams, config.num_beam_groups);
  }
  if (strategy == Strategy::constrained_beam && config.force_words.empty()) {
    throw Error(ErrorKind::usage,
                "strategy constrained_beam needs force_words: the texts that the answer must contain");
  }
  if (config.num_return_sequences > config.num_beams) {
    throw Error(ErrorKind::usage,
                "num_return_sequences is {}, but {} beams find no more than {} texts: raise num_beams",
                config.num_return_sequences, config.num_beams, config.num_beams);
  }
}

// What the contrast strategies need to be told, and what they cannot carry out.
void reject_contrast(const GenerationConfig& config, Strategy strategy) {
  const auto needs = [&](bool is_set, std::string_view option) {
    if (!is_set) throw Error(ErrorKind::usage, "strategy {} needs {}", name(strategy), option);
  };
  if (strategy == Strategy::contrastive_search)
    needs(config.penalty_alpha.has_value(), "penalty_alpha: 0.6 is a good start");
  if (strategy == Strategy::contrastive_decoding)
    needs(!config.amateur.empty(), "an amateur: a smaller model, or self:q4_0");
  if (strategy == Strategy::dola) needs(!config.dola_layers.empty(), "dola_layers: low or high");
  if (strategy == Strategy::contrastive_search && asks_to_sample(config)) {
    const Row* option = first_sampling_option(config);
    contradiction("penalty_alpha", option ? option->name : "do_sample");
  }
  if (config.beta && config.lambda != 1) contradiction("lambda", "beta");
  if (contrast_strategies.contains(strategy) && config.num_beams > 1 && asks_to_sample(config))
    contradiction("num_beams", "a contrast that samples");
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

}  // namespace

Strategy resolve_strategy(const GenerationConfig& config) {
  check_ranges(generation_fields(), config);
  reject_idle(config);
  const Strategy strategy = choose(config);
  if (config.num_return_sequences > 1 && !draws(config, strategy) && !keeps_beams(config, strategy)) {
    throw Error(ErrorKind::usage, "num_return_sequences is {}, but {} finds a single sequence: use sampling or beams",
                config.num_return_sequences, strategy == Strategy::greedy ? "greedy decoding" : name(strategy));
  }
  reject_contrast(config, strategy);
  reject_unread(config, strategy);
  if (keeps_beams(config, strategy)) reject_beams(config, strategy);
  return strategy;
}

bool draws(const GenerationConfig& config, Strategy strategy) {
  return sampling_strategies.contains(strategy) || (contrast_strategies.contains(strategy) && asks_to_sample(config));
}

bool keeps_beams(const GenerationConfig& config, Strategy strategy) {
  return beam_strategies.contains(strategy) || (strategy == Strategy::contrastive_decoding && config.num_beams > 1);
}

}  // namespace decant
