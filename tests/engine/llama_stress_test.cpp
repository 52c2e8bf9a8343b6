// The same on libllama: a microscopic random model, 64 threads, 500 operations. Its own program, so that it can be
// built with ThreadSanitizer by itself (scripts/sanitize_kernels.sh).
#include <gtest/gtest.h>

#include "engine/visitors.h"
#include "llama/llama_model.h"
#include "support/real_models.h"

namespace decant {
namespace {

using namespace testing;

TEST(LlamaEngineStress, ManyThreadsDoAnythingAndNothingIsLost) {
  const auto make = []() -> std::unique_ptr<Model> {
    ModelOptions options;
    options.threads = 1;
    options.kernels = "on";  // whose rows are the same bits in any company
    return std::make_unique<LlamaModel>(std::make_shared<const LlamaFile>(test::model_path(test::kMicro), options),
                                        options, 2048, 64);
  };
  const std::vector<Case> cases = make_cases([&](const GenerationConfig& config, const std::vector<Token>& prompt) {
    Engine engine;
    engine.load("table", make);
    Ticket ticket = engine.submit(job(config, prompt));
    ticket.outcome().rethrow();
    return ids(ticket.outcome());
  });
  visit({.max_waiting = 1000, .max_events = 16, .kept_texts = 8}, make, cases, 64, 500);
}

}  // namespace
}  // namespace decant
