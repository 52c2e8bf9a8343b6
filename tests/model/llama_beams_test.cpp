// Beam searches on the F32 model against Hugging Face transformers: texts, order and scores. tests/support/goldens/README.md
// says what was recorded. All searches of a prompt and a kind run in one scheduler, so that each has company of other
// widths, and what they have in common is evaluated once.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "run/scheduler.h"
#include "strategies/registry.h"
#include "support/golden_files.h"
#include "support/real_models.h"

namespace decant {
namespace {

using namespace test;

constexpr double kScore = 1e-4;  // relative, and absolute below 1

Strategy kind_of(const Json& c) {
  const auto found = std::find(strategy_names.begin(), strategy_names.end(), c["kind"].get<std::string>());
  return static_cast<Strategy>(found - strategy_names.begin());
}

std::unique_ptr<Run> start(Scheduler& scheduler, const Json& c, bool hf_compat) {
  GenerationConfig config = config_of(c["options"]);
  config.strategy = c["kind"].get<std::string>();
  config.hf_compat = config.hf_compat && hf_compat;
  return scheduler.start({.config = config, .prompt = c["prompt_ids"], .strategy = entry(kind_of(c)).run});
}

// Of the last end of sequence, Hugging Face's older scorer remembers only that there was one.
std::vector<Token> comparable(std::vector<Token> ids, const Json& c, bool ends_with_eos) {
  if (c["kind"] != "beam" && ends_with_eos && !ids.empty()) ids.back() = -1;
  return ids;
}

// Empty: the answers are the recorded ones.
std::string difference(const Run& run, const Json& c) {
  run.rethrow();
  const Json& answers = c["answers"];
  if (run.sequences().size() != answers.size()) return fmt::format("{} answers", run.sequences().size());
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const Sequence& sequence = run.sequences()[i];
    const bool ends = answers[i]["ends_with_eos"];
    const std::vector<Token> expected = comparable(answers[i]["ids"], c, ends), ids = comparable(sequence.ids, c, ends);
    const double score = answers[i]["score"], off = sequence.beam->normalized - score;
    if (ids == expected && std::abs(off) <= kScore * std::max(1.0, std::abs(score))) continue;
    return fmt::format("answer {}: {} with {}, not {} with {}", i, Json(ids).dump(), sequence.beam->normalized,
                       Json(expected).dump(), score);
  }
  return "";
}

void expect_equal(const std::string& kind) {
  std::map<std::string, std::vector<Json>> by_prompt;
  for (const Json& c : golden_cases("beams.json")) {
    if (c["kind"] == kind) by_prompt[c["prompt"]].push_back(c);
  }
  ASSERT_GE(by_prompt.size(), 5u);
  for (const auto& [prompt, cases] : by_prompt) {
    EXPECT_GE(cases.size(), 12u) << prompt;
    LlamaModel model(model_file(kF32), one_thread(), 6144, 256);
    Scheduler scheduler({&model});
    std::vector<std::unique_ptr<Run>> runs;
    for (const Json& c : cases) runs.push_back(start(scheduler, c, true));
    scheduler.run();
    for (std::size_t i = 0; i < cases.size(); ++i) {
      EXPECT_EQ(difference(*runs[i], cases[i]), "") << cases[i]["name"] << " " << cases[i]["options"];
    }
  }
}

TEST(LlamaGoldenBeams, BeamSearch) { expect_equal("beam"); }
TEST(LlamaGoldenBeams, DiverseBeamSearch) { expect_equal("diverse_beam"); }
TEST(LlamaGoldenBeams, ConstrainedBeamSearch) { expect_equal("constrained_beam"); }

}  // namespace
}  // namespace decant
