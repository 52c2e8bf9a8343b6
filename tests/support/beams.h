// Beam searches on a TableModel, for tests.
#pragma once

#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "options/table.h"
#include "strategies/resolve.h"
#include "support/beam_oracle.h"
#include "support/runs.h"

namespace decant::testing {

inline GenerationConfig beam_config(int num_beams, int max_new_tokens, std::vector<Token> eos = {}) {
  GenerationConfig config;
  config.strategy = "beam";
  set(config, get(generation_fields(), "num_beams"), fmt::format("{}", num_beams));
  config.num_return_sequences = num_beams;
  config.max_new_tokens = max_new_tokens;
  config.eos_token_id = std::move(eos);
  return config;
}

inline std::vector<Sequence> search(const GenerationConfig& config, TableModel& model,
                                    std::vector<Token> prompt = {1, 2}, RunObserver* observer = nullptr) {
  Scheduler scheduler({&model});
  const auto run = start(scheduler, request(config, std::move(prompt), resolve_strategy(config).run, observer));
  scheduler.run();
  run->rethrow();
  return run->sequences();
}

inline std::string text(const std::vector<Sequence>& sequences) {
  std::string all;
  for (const Sequence& each : sequences)
    all += fmt::format("{} {:.5f} {:.5f}\n", each.ids, each.beam->sum, each.beam->normalized);
  return all;
}

// Empty: the same texts in the same order, with the same scores but for the rounding of floats.
inline std::string difference(const std::vector<Sequence>& found, const std::vector<Found>& expected,
                              std::size_t n = 1000) {
  n = std::min(n, expected.size());
  if (found.size() != n) return fmt::format("{} texts, not {}", found.size(), n);
  for (std::size_t i = 0; i < n; ++i) {
    const BeamScore& score = *found[i].beam;
    const double tolerance = 1e-5 * std::max(1.0, std::abs(expected[i].normalized));
    if (found[i].ids == expected[i].ids && std::abs(score.sum - expected[i].score) < tolerance &&
        std::abs(score.normalized - expected[i].normalized) < tolerance) {
      continue;
    }
    return fmt::format("text {}: {} {} {}, not {} {} {}", i, found[i].ids, score.sum, score.normalized, expected[i].ids,
                       expected[i].score, expected[i].normalized);
  }
  return "";
}

}  // namespace decant::testing
