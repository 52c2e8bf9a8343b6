// Runs on a TableModel, for tests.
#pragma once

#include <memory>
#include <vector>

#include "run/run.h"
#include "run/scheduler.h"
#include "strategies/resolve.h"
#include "support/table_model.h"

namespace decant::testing {

inline GenerationConfig sampling_config(std::uint64_t seed, int max_new_tokens = 12) {
  GenerationConfig config;
  config.do_sample = true;
  config.top_k = 0;
  config.seed = seed;
  config.max_new_tokens = max_new_tokens;
  return config;
}

inline GenerationConfig greedy_config(int max_new_tokens = 12) {
  GenerationConfig config;
  config.max_new_tokens = max_new_tokens;
  return config;
}

inline Request request(GenerationConfig config, std::vector<Token> prompt, StrategyFunction strategy,
                       RunObserver* observer = nullptr) {
  const StrategyFacts facts = facts_of(resolve_strategy(config), config);
  return {.config = std::move(config),
          .prompt = std::move(prompt),
          .strategy = std::move(strategy),
          .does = facts,
          .models = {0},
          .observer = observer};
}

// The ids of every sequence of one request, alone on a fresh model.
inline std::vector<std::vector<Token>> run_alone(const Request& request, TableShape shape = {}, Table table = {}) {
  TableModel model(shape, std::move(table));
  Scheduler scheduler({&model});
  const auto run = start(scheduler, request);
  scheduler.run();
  run->rethrow();
  std::vector<std::vector<Token>> ids;
  for (const Sequence& sequence : run->sequences()) ids.push_back(sequence.ids);
  return ids;
}

}  // namespace decant::testing
