// What is said of a model without its weights against contexts that are there, on architectures of the zoo.
#include "llama/model_facts.h"

#include <gtest/gtest.h>
#include <llama-ext.h>

#include "support/paths.h"
#include "support/real_models.h"

namespace decant {
namespace {

using namespace test;

class Facts : public testing::TestWithParam<std::string> {
 protected:
  std::filesystem::path path() const { return zoo_folder() / (GetParam() + ".gguf"); }
  std::shared_ptr<const LlamaFile> without_weights() const {
    return std::make_shared<const LlamaFile>(path(), one_thread(), nullptr, "", SharedWeights{.none = true});
  }
  std::shared_ptr<const LlamaFile> whole() const { return std::make_shared<const LlamaFile>(path(), one_thread()); }
};

std::uint64_t cache_of(const LlamaModel& model) {
  std::uint64_t bytes = 0;
  for (const auto& [type, each] : llama_get_memory_breakdown(model.handle())) bytes += each.context;
  return bytes;
}

TEST_P(Facts, ACacheTakesWhatIsSaid) {
  const MemoryFacts memory = model_facts(without_weights(), one_thread()).memory;
  const auto file = whole();
  const LlamaModel made(file, one_thread(), 0, 1), longer(file, one_thread(), 2 * memory.default_context, 1);
  EXPECT_EQ(made.info().n_cells, memory.default_context);
  EXPECT_EQ(cache_of(made), memory.default_cache);
  EXPECT_EQ(cache_of(longer), memory.default_cache + memory.cache_per_token * memory.default_context);
  const LlamaModel texts(file, one_thread(), 0, 5);
  EXPECT_EQ(cache_of(texts), memory.default_cache + 4 * memory.state_per_text);
}

TEST_P(Facts, ItIsTheModelThatRuns) {
  const ModelInfo said = model_facts(without_weights(), one_thread()).model;
  const LlamaModel made(whole(), one_thread(), 0, 1, kMostTakenBack);
  const ModelInfo& info = made.info();
  EXPECT_EQ(said.has_layers, info.has_layers);
  EXPECT_EQ(said.logits_from_hidden, info.logits_from_hidden);
  EXPECT_EQ(said.rewind, info.rewind);
  EXPECT_EQ(said.n_layer, info.n_layer);
  EXPECT_EQ(said.n_context, info.n_context);
  EXPECT_EQ(said.tied_embeddings, info.tied_embeddings);
}

TEST_P(Facts, WhatIsLeftToGgmlIsWhatAForwardFinds) {
  for (const char* attention : {"auto", "on"}) {
    ModelOptions options = one_thread();
    options.flash_attn = attention;
    const KernelFacts kernels = model_facts(without_weights(), options).kernels;
    if (!kernels.isa) GTEST_SKIP() << "all is ggml's";
    LlamaModel made(whole(), options, 0, 1);
    const std::vector<SeqId> sequence = {0};
    const Outputs outputs{.logits = true};
    const std::vector<Row> rows = {{.token = 1, .position = 0, .sequences = sequence},
                                   {.token = 2, .position = 1, .sequences = sequence, .outputs = &outputs}};
    made.forward(rows);
    std::string said = kernels.description;
    const char* before = "; ggml computes ";
    for (const std::string& each : kernels.left) said += std::exchange(before, ", ") + each;
    EXPECT_EQ(said, made.describe());
  }
}

TEST_P(Facts, ExactIsRefusedWithTheSentenceThatIsSaid) {
  const std::string said = model_facts(without_weights(), one_thread()).why_not_exact;
  ModelOptions options = one_thread();
  options.exact = true;
  std::string heard;
  try {
    const LlamaModel made(std::make_shared<const LlamaFile>(path(), options), options, 0, 1);
  } catch (const Error& error) {
    heard = error.what();
  }
  EXPECT_EQ(said, heard);
}

INSTANTIATE_TEST_SUITE_P(Zoo, Facts,
                         testing::Values("llama", "gpt2", "gemma2", "gemma3", "qwen2moe", "deepseek2", "falcon",
                                         "gptoss", "mamba2", "lfm2", "qwen35"),
                         [](const auto& name) { return name.param; });

TEST(ModelFacts, WeightsOfOneTypeAreOursOrGgmls) {
  ModelOptions options = one_thread();
  options.kernels = "on";
  const auto of = [&](const ModelOptions& chosen) {
    return model_facts(
               std::make_shared<const LlamaFile>(model_path(kQ4_0), chosen, nullptr, "", SharedWeights{.none = true}),
               chosen)
        .kernels;
  };
  const KernelFacts ours = of(options);
  ASSERT_FALSE(ours.products.empty());
  EXPECT_EQ(ours.products[0].type, "q4_0");
  for (const TypeProducts& each : ours.products) {
    EXPECT_GT(each.ours, 0u) << each.type;
    EXPECT_EQ(each.ggml, 0u) << each.type;
  }
  EXPECT_TRUE(ours.attention);
  EXPECT_TRUE(ours.left.empty());
  options.kernels = "off";
  const KernelFacts ggml = of(options);
  ASSERT_EQ(ggml.products.size(), ours.products.size());
  for (std::size_t i = 0; i < ggml.products.size(); ++i) {
    EXPECT_EQ(ggml.products[i].ggml, ours.products[i].ours);
    EXPECT_EQ(ggml.products[i].ours, 0u);
  }
  EXPECT_FALSE(ggml.attention);
}

}  // namespace
}  // namespace decant
