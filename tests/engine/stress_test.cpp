// The engine from 64 threads at once: 10,000 random operations. Made to be run under ThreadSanitizer (scripts/test.sh).
#include <gtest/gtest.h>

#include "engine/visitors.h"
#include "strategies/resolve.h"

namespace decant {
namespace {

using namespace testing;

constexpr TableShape kShape{.n_cells = 600, .n_context = 64, .max_sequences = 64, .max_rows = 64, .max_outputs = 32};

TEST(EngineStress, ManyThreadsDoAnythingAndNothingIsLost) {
  const std::vector<Case> cases = make_cases([](const GenerationConfig& config, const std::vector<Token>& prompt) {
    return run_alone(request(config, prompt, resolve_strategy(config).run), kShape);
  });
  visit({.max_waiting = 1000, .max_events = 16, .kept_texts = 8}, table_model(kShape), cases, 64, 10000);
}

}  // namespace
}  // namespace decant
