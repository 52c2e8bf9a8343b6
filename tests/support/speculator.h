// Runs with drafters on real weights: a model, itself quantised, and its lower layers.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "llama/llama_model.h"
#include "llama/self_model.h"
#include "options/table.h"
#include "run/run.h"
#include "strategies/resolve.h"

namespace decant::test {

using Pairs = std::vector<std::pair<std::string, std::string>>;

inline GenerationConfig speculator_config(const Pairs& options) {
  GenerationConfig config;
  config.max_new_tokens = 48;
  config.seed = 11;
  for (const auto& [name, text] : options) set(config, get(generation_fields(), name), text);
  return config;
}

class Speculator {
 public:
  Speculator(std::shared_ptr<const LlamaFile> file, const ModelOptions& options)
      : target_(file, options, 4096, 64),
        quantised_(load_self_model("self:q4_0", file, options), options, 4096, 8),
        lower_(load_self_model("self:20", file, options), options, 4096, 8) {}

  const Vocab& vocab() const { return target_.vocab(); }

  // All at once, so that each is in the company of the others.
  std::vector<std::vector<Token>> write(const std::vector<Token>& prompt, const std::vector<Pairs>& all,
                                        std::int64_t& kept) {
    Scheduler scheduler;
    scheduler.add(target_);
    scheduler.add(quantised_, 1);
    scheduler.add(lower_, 1);
    std::vector<std::unique_ptr<decant::Run>> runs;
    for (const Pairs& options : all) {
      const GenerationConfig config = speculator_config(options);
      const StrategyRow& row = resolve_strategy(config);
      Request request{.config = config,
                      .prompt = prompt,
                      .strategy = row.run,
                      .does = facts_of(row, config),
                      .n_drafting = n_drafting(row, config)};
      for (const std::string& name : models_of(row, config)) request.models.push_back(name == "self:q4_0" ? 1 : 2);
      runs.push_back(start(scheduler, request));
    }
    scheduler.run();
    std::vector<std::vector<Token>> ids;
    for (const auto& run : runs) {
      run->rethrow();
      ids.push_back(run->sequences()[0].ids);
      for (const auto& each : run->stats().speculation.drafters) kept += each.kept;
    }
    return ids;
  }

 private:
  LlamaModel target_, quantised_, lower_;
};

}  // namespace decant::test
