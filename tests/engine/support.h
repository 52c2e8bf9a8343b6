// An engine on table models, for tests.
#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"
#include "support/runs.h"

namespace decant::testing {

inline Engine::MakeModel table_model(TableShape shape = {}, Table table = {}) {
  return [=] { return std::make_unique<TableModel>(shape, table); };
}

inline Job job(GenerationConfig config, std::vector<Token> prompt) {
  return {.model = "table", .config = std::move(config), .prompt = std::move(prompt)};
}

inline std::vector<std::vector<Token>> ids(const Outcome& outcome) {
  std::vector<std::vector<Token>> ids;
  for (const Sequence& sequence : outcome.sequences) ids.push_back(sequence.ids);
  return ids;
}

}  // namespace decant::testing
