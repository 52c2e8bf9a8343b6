// Beam searches on the F32 model against Hugging Face transformers: texts, order and scores.
// tests/support/goldens/README.md says what was recorded. All searches of a prompt run in one scheduler, so that each
// has company of other kinds and widths, and what they have in common is evaluated once.
#include <gtest/gtest.h>

#include <algorithm>

#include "run/scheduler.h"
#include "strategies/resolve.h"
#include "support/golden_files.h"
#include "support/real_models.h"

namespace decant {
namespace {

using namespace test;

constexpr double kScore = 1e-4;  // relative, and absolute below 1

std::unique_ptr<Run> start(Scheduler& scheduler, const Json& c) {
  GenerationConfig config = config_of(c["options"]);
  config.strategy = c["kind"].get<std::string>();
  return start(scheduler, {.config = config,
                           .prompt = c["prompt_ids"],
                           .strategy = strategy(config.strategy).run,
                           .does = facts_of(strategy(config.strategy), config)});
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

TEST(LlamaGoldenBeams, EverySearchFindsTheRecordedTexts) {
  const auto share = by_prompt(golden_cases("beams.json"), "prompt", 60);
  ASSERT_GE(share.size(), 8u);
  for (const auto& [prompt, cases] : share) {
    LlamaModel model(model_file(kF32), one_thread(), 12288, 256);
    Scheduler scheduler({&model});
    std::vector<std::unique_ptr<decant::Run>> runs;
    for (const Json& c : cases) runs.push_back(start(scheduler, c));
    scheduler.run();
    for (std::size_t i = 0; i < cases.size(); ++i) {
      EXPECT_EQ(difference(*runs[i], cases[i]), "") << cases[i]["name"] << " " << cases[i]["options"];
    }
  }
}

// Four searches of different width and two samplings in one scheduler: each finds what it finds alone.
TEST(LlamaBeams, CompanyChangesNothing) {
  const Json cases = golden_cases("beams.json");
  std::vector<GenerationConfig> configs;
  for (const int k : {2, 3, 4, 6}) {
    GenerationConfig config;
    config.num_beams = config.num_return_sequences = k;
    config.max_new_tokens = 8 + k;
    configs.push_back(config);
  }
  configs[3].num_beam_groups = 3;
  configs[3].diversity_penalty = 1;
  for (const std::uint64_t seed : {1, 2}) {
    GenerationConfig config;
    config.do_sample = true;
    config.seed = seed;
    config.max_new_tokens = 12;
    configs.push_back(config);
  }
  LlamaModel model(model_file(kF32), one_thread(), 1024, 64);
  const auto start_one = [&](Scheduler& scheduler, std::size_t i) {
    return start(scheduler, {.config = configs[i],
                             .prompt = cases[i * 80 % cases.size()]["prompt_ids"],
                             .strategy = resolve_strategy(configs[i]).run,
                             .does = facts_of(resolve_strategy(configs[i]), configs[i])});
  };
  const auto ids = [](const decant::Run& run) {
    run.rethrow();
    std::vector<std::vector<Token>> all;
    for (const Sequence& each : run.sequences()) all.push_back(each.ids);
    return all;
  };
  Scheduler together({&model});
  std::vector<std::unique_ptr<decant::Run>> runs;
  for (std::size_t i = 0; i < configs.size(); ++i) runs.push_back(start_one(together, i));
  together.run();
  std::vector<std::vector<std::vector<Token>>> found;
  for (const auto& run : runs) found.push_back(ids(*run));
  runs.clear();
  for (std::size_t i = 0; i < configs.size(); ++i) {
    Scheduler alone({&model});
    const auto run = start_one(alone, i);
    alone.run();
    EXPECT_EQ(ids(*run), found[i]) << i;
  }
}

}  // namespace
}  // namespace decant
