// Speculation on real weights: with any drafter the ids are those without, to the last one.
#include <gtest/gtest.h>

#include <span>

#include "kernels/isa.h"
#include "support/real_models.h"
#include "support/speculator.h"

namespace decant {
namespace {

using namespace test;

const Pairs drafters[] = {
    {{"prompt_lookup_num_tokens", "12"}},
    {{"speculate", "auto"}},
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
    {{"json_schema", R"({"properties": {"temperature": {"type": "number"}, "city": {"enum": ["Paris", "London"]}},)"
                     R"( "required": ["temperature", "city"], "additionalProperties": false})"}},
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
  Speculator speculator(model_file(GetParam()), one_thread());
  std::int64_t kept = 0;
  const std::string name = GetParam();
  const std::span<const char* const> some = name == kF32 ? std::span(prompts).subspan(1, 1) : std::span(prompts);
  for (const char* prompt : some) {
    const std::vector<Token> tokens = speculator.vocab().tokenize(prompt, true, false);
    for (const Pairs& way : ways) {
      std::vector<Pairs> all;
      for (const Pairs& drafter : drafters) {
        all.push_back(way);
        all.back().insert(all.back().end(), drafter.begin(), drafter.end());
      }
      std::int64_t none = 0;
      const auto plain = speculator.write(tokens, {way}, none);
      const auto drafted = speculator.write(tokens, all, kept);
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
