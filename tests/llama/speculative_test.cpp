// Speculation on real weights: with any drafter the ids are those without, to the last one.
#include <gtest/gtest.h>

#include <span>

#include "kernels/isa.h"
#include "llama/self_model.h"
#include "options/table.h"
#include "run/run.h"
#include "strategies/resolve.h"
#include "support/real_models.h"

namespace decant {
namespace {

using namespace test;
using Pairs = std::vector<std::pair<std::string, std::string>>;

GenerationConfig given(const Pairs& options) {
  GenerationConfig config;
  config.max_new_tokens = 48;
  config.seed = 11;
  for (const auto& [name, text] : options) set(config, get(generation_fields(), name), text);
  return config;
}

class Speculator {
 public:
  explicit Speculator(const char* name)
      : file_(model_file(name)),
        target_(file_, one_thread(), 4096, 64),
        quantised_(load_self_model("self:q4_0", *file_, one_thread()), one_thread(), 4096, 8),
        lower_(load_self_model("self:20", *file_, one_thread()), one_thread(), 4096, 8) {}

  // All at once, so that each is in the company of the others.
  std::vector<std::vector<Token>> write(const std::string& prompt, const std::vector<Pairs>& all, std::int64_t& kept) {
    Scheduler scheduler;
    scheduler.add(target_);
    scheduler.add(quantised_, 1);
    scheduler.add(lower_, 1);
    std::vector<std::unique_ptr<decant::Run>> runs;
    for (const Pairs& options : all) {
      const GenerationConfig config = given(options);
      const StrategyRow& row = resolve_strategy(config);
      Request request{.config = config,
                      .prompt = target_.vocab().tokenize(prompt, true, false),
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
  std::shared_ptr<const LlamaFile> file_;
  LlamaModel target_, quantised_, lower_;
};

const Pairs drafters[] = {
    {{"prompt_lookup_num_tokens", "12"}},
    {{"assistant_model", "self:q4_0"}},
    {{"assistant_early_exit", "20"}, {"num_assistant_tokens_schedule", "constant"}},
    {{"drafter", "prompt_lookup,draft_model"},
     {"assistant_model", "self:q4_0"},
     {"num_assistant_tokens_schedule", "constant"}},
};

const Pairs ways[] = {
    {},
    {{"temperature", "0.7"}, {"top_p", "0.9"}},
    {{"temperature", "0.7"}, {"repetition_penalty", "1.2"}, {"seed", "5"}},
    {{"mirostat", "2"}},
};

const char* const prompts[] = {
    "Once upon a time",
    "Copy the line.\nThe quick brown fox jumps over the lazy dog.\nThe quick brown fox jumps over the lazy dog.\nThe "
    "quick",
    "def add(a, b):\n    return a + b\n\ndef sub(a, b):\n    return",
};

class LlamaSpeculative : public ::testing::TestWithParam<const char*> {};

TEST_P(LlamaSpeculative, WritesTheSameIdsWithAnyDrafter) {
  if (!kernels::best_isa()) GTEST_SKIP() << "no instruction set for our kernels: bits hang on company";
  Speculator speculator(GetParam());
  std::int64_t kept = 0;
  const std::string name = GetParam();
  const std::span<const char* const> some = name == kF32 ? std::span(prompts).subspan(1, 1) : std::span(prompts);
  for (const char* prompt : some) {
    for (const Pairs& way : ways) {
      std::vector<Pairs> all;
      for (const Pairs& drafter : drafters) {
        all.push_back(way);
        all.back().insert(all.back().end(), drafter.begin(), drafter.end());
      }
      std::int64_t none = 0;
      const auto plain = speculator.write(prompt, {way}, none);
      const auto drafted = speculator.write(prompt, all, kept);
      for (std::size_t i = 0; i < drafted.size(); ++i) {
        EXPECT_EQ(drafted[i], plain[0]) << prompt << ::testing::PrintToString(all[i]);
      }
    }
  }
  EXPECT_GT(kept, 200) << "or nothing was tried";
}

INSTANTIATE_TEST_SUITE_P(Files, LlamaSpeculative, ::testing::Values(kQ4_0, kF32));

}  // namespace
}  // namespace decant
