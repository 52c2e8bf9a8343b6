// Tested by tests/strategies/resolve_test.cpp and tests/options/reference_test.cpp.
#include "strategies/row.h"

#include <algorithm>

#include "base/error.h"
#include "drafters/drafter.h"

namespace decant {
namespace {

bool lists(const StrategyRow& row, const FieldInfo& field) { return lists(row, field.name) || lists(row, field.group); }

bool is_listed(const FieldInfo& field) {
  const auto& all = strategies();
  return std::any_of(all.begin(), all.end(), [&](const StrategyRow* row) { return lists(*row, field); });
}

}  // namespace

bool never(const GenerationConfig&) { return false; }
bool always(const GenerationConfig&) { return true; }
std::vector<std::string> no_models(const GenerationConfig&) { return {}; }
Room room_for_texts(const GenerationConfig& config) {
  return {.texts = std::max(config.num_beams, config.num_return_sequences)};
}
void check_nothing(const GenerationConfig&) {}
void runs_on_any(const ModelInfo&) {}

std::vector<std::string> models_of(const StrategyRow& row, const GenerationConfig& config) {
  std::vector<std::string> names = row.models(config);
  if (!lists(row, speculation_group)) return names;
  for (std::string& each : draft_models(config)) names.push_back(std::move(each));
  return names;
}

int n_drafting(const StrategyRow& row, const GenerationConfig& config) {
  return lists(row, speculation_group) ? static_cast<int>(draft_models(config).size()) : 0;
}

Room room_of(const StrategyRow& row, const GenerationConfig& config) {
  Room room = row.room(config);
  if (lists(row, speculation_group)) room.tried += room.texts * most_guesses(config);
  return room;
}

StrategyFacts facts_of(const StrategyRow& row, const GenerationConfig& config) {
  return {.draws = row.draws(config), .keeps_beams = row.beams(config), .looks_ahead = row.room(config).tried > 0};
}

const std::vector<const StrategyRow*>& strategies() {
  static const std::vector<const StrategyRow*> rows = [] {
    std::vector<const StrategyRow*> all = registered<StrategyRow>();
    std::sort(all.begin(), all.end(), [](const StrategyRow* a, const StrategyRow* b) {
      return std::pair(a->order, a->name) < std::pair(b->order, b->name);
    });
    return all;
  }();
  return rows;
}

const StrategyRow& strategy(std::string_view name) {
  for (const StrategyRow* row : strategies()) {
    if (row->name == name) return *row;
  }
  throw Error(ErrorKind::internal, "there is no strategy {}", name);
}

bool lists(const StrategyRow& row, std::string_view name) {
  return std::find(row.reads.begin(), row.reads.end(), name) != row.reads.end();
}

bool reads(const StrategyRow& row, const FieldInfo& field) { return lists(row, field) || !is_listed(field); }

std::string readers(const FieldInfo& field) {
  if (!is_listed(field)) return "all";
  return strategy_list([&](const StrategyRow& row) { return lists(row, field); });
}

}  // namespace decant
