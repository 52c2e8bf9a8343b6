// What a strategy says of itself, once, in its own file:
//
//   const Registered<StrategyRow> row({.name = "dola", .order = 9, .run = dola, .doc = ...});
//
// Which strategy a request gets (resolve.h), what it costs, help, checks and reference pages are loops over these rows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/registry.h"
#include "options/generation_config.h"
#include "run/run.h"

namespace decant {

// What the texts of a Run need room for, beside its prompt: at most.
struct Room {
  int texts = 1;  // continued at a time
  int tried = 0;  // tokens tried at a time, beside them
};

// An option that has to be set, and how to say so: "strategy dola needs dola_layers: low or high".
struct Need {
  std::string_view option;
  std::string_view advice;
};

// What most rows say of a config.
bool never(const GenerationConfig& config);
bool always(const GenerationConfig& config);
std::vector<std::string> no_models(const GenerationConfig& config);
Room room_for_texts(const GenerationConfig& config);  // num_beams of them, or num_return_sequences
void check_nothing(const GenerationConfig& config);
void runs_on_any(const ModelInfo& model);

struct StrategyRow {
  std::string_view name;
  int order = 0;  // its place wherever strategies are listed
  Task<void> (*run)(Run&) = nullptr;
  std::string_view doc;  // one line

  // The option that asks for this strategy by being set to something else than its default. Where several strategies
  // are asked for, the highest precedence has it; two of the same contradict each other.
  std::string_view implied_by = {};
  int precedence = 0;
  std::string_view draws_for = {};  // the strategy in whose place this one comes when tokens are to be drawn

  // The options that it reads beside those that all read: an option's name, or that of a group for all of the group. An
  // option that no row lists is read by all: stop rules and processors see to it. A sampling option that stands here by
  // itself is one of the strategy's own, and asks for no sampling when the strategy is implied.
  std::vector<std::string_view> reads = {};
  std::vector<Need> needs = {};
  void (*check)(const GenerationConfig&) = check_nothing;  // throws Error(usage) for what it cannot carry out

  // Throws Error(unavailable) for a model that it cannot be run on, whatever the options.
  void (*check_model)(const ModelInfo&) = runs_on_any;

  // What it does with a config that has led to it.
  bool (*draws)(const GenerationConfig&) = never;  // chooses tokens at random
  bool (*beams)(const GenerationConfig&) = never;  // keeps num_beams texts and hands over the best at the end
  std::vector<std::string> (*models)(const GenerationConfig&) = no_models;  // the Run's models 1, 2, ..., by name
  Room (*room)(const GenerationConfig&) = room_for_texts;
};

// The Run's models 1, 2, ..., by name: those that the strategy names, then those that only draft for it.
std::vector<std::string> models_of(const StrategyRow& row, const GenerationConfig& config);
int n_drafting(const StrategyRow& row, const GenerationConfig& config);  // of them, the last ones

// What the texts of a Run need room for, drafts included.
Room room_of(const StrategyRow& row, const GenerationConfig& config);

// What the Run has to know of it.
StrategyFacts facts_of(const StrategyRow& row, const GenerationConfig& config);

// All of them, in their order. To be called once main() has begun.
const std::vector<const StrategyRow*>& strategies();
const StrategyRow& strategy(std::string_view name);

bool reads(const StrategyRow& row, const FieldInfo& field);
bool lists(const StrategyRow& row, std::string_view name);  // an option or a group, among those it reads
std::string readers(const FieldInfo& field);                // "all", or "greedy, sample"

// The names of those that `has` holds for, separated by commas.
template <class Predicate>
std::string strategy_list(Predicate has) {
  std::string names;
  for (const StrategyRow* row : strategies()) {
    if (has(*row)) names += (names.empty() ? "" : ", ") + std::string(row->name);
  }
  return names;
}

}  // namespace decant
