// A real model divided in two: the bits of the undivided one, and each row through the lower layers once.
#include "llama/split_model.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "kernels/isa.h"
#include "support/real_models.h"
#include "support/speculator.h"
#include "tree/kv_cache.h"

namespace decant {
namespace {

using namespace test;

using Tokens = std::vector<Token>;

constexpr int kLayers = 20;
const Outputs kLogits{.logits = true};

class CountedLower : public LowerLayers {
 public:
  using LowerLayers::LowerLayers;
  void forward(std::span<const Row> batch) override {
    rows += static_cast<int>(batch.size());
    LowerLayers::forward(batch);
  }
  int rows = 0;
};

class CountedUpper : public UpperLayers {
 public:
  using UpperLayers::UpperLayers;
  void forward(std::span<const Row> batch) override {
    rows += static_cast<int>(batch.size());
    UpperLayers::forward(batch);
  }
  int rows = 0;
};

// Attention that is ours: ggml's, which F32 files have by default, adds up in the order of the cells.
ModelOptions own_attention() {
  ModelOptions options = one_thread();
  options.flash_attn = "on";
  options.cache_type = "f16";
  return options;
}

struct Divided {
  explicit Divided(const char* name, const ModelOptions& options = one_thread())
      : lower(std::make_shared<CountedLower>(model_file(name), kLayers, "lower", options, 1024, 9)),
        upper(model_file(name), lower, options, 1024, 8) {}

  std::shared_ptr<CountedLower> lower;
  CountedUpper upper;
};

Tokens text_of(std::size_t n) {
  Tokens text;
  for (std::size_t i = 0; i < n; ++i) text.push_back(static_cast<Token>((7919 * i + 1) % 49152));
  return text;
}

std::vector<float> said(KvCache& cache, const Node& node) {
  const int row = cache.add(node.id(), &kLogits);
  EXPECT_GE(row, 0);
  cache.forward();
  const auto logits = cache.model().logits(row);
  return {logits.begin(), logits.end()};
}

class LlamaSplitModel : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!kernels::best_isa()) GTEST_SKIP() << "no instruction set for our kernels: bits hang on company";
  }
};

TEST_P(LlamaSplitModel, SaysWhatTheUndividedModelSays) {
  Divided divided(GetParam(), own_attention());
  LlamaModel undivided(model_file(GetParam()), own_attention(), 1024, 8);
  LlamaModel exit(load_self_model("self:20", model_file(GetParam()), {}), own_attention(), 1024, 8);
  PrefixTree tree;
  const auto drafts = std::make_shared<KvCache>(tree, *divided.lower);
  KvCache whole(tree, divided.upper, drafts), one(tree, undivided), lower(tree, exit);
  Node node = tree.root();
  for (const Token token : text_of(70)) node = node.child(token);
  const Node fork = node.parent().child(5).child(6), further = node.child(7).child(8);
  EXPECT_EQ(said(*drafts, node), said(lower, node));
  EXPECT_EQ(said(whole, node), said(one, node));
  EXPECT_EQ(said(whole, fork), said(one, fork));
  EXPECT_EQ(said(*drafts, further.parent()), said(lower, further.parent()));
  EXPECT_EQ(said(whole, further), said(one, further));
  EXPECT_EQ(said(whole, node), said(one, node)) << "again, beside what comes behind it";
}

TEST_P(LlamaSplitModel, WritesWhatTheUndividedModelWrites) {
  Divided divided(GetParam());
  LlamaModel undivided(model_file(GetParam()), one_thread(), 1024, 8);
  const Pairs ways[] = {{}, {{"temperature", "0.7"}, {"top_p", "0.9"}, {"repetition_penalty", "1.2"}}};
  const Tokens prompt = undivided.vocab().tokenize("The quick brown fox. The quick brown fox. The quick", true, false);
  const auto write = [&](Scheduler& scheduler, Pairs options, std::vector<ModelId> models) {
    options.emplace_back("max_new_tokens", "24");
    const GenerationConfig config = speculator_config(options);
    const StrategyRow& row = resolve_strategy(config);
    const auto run = start(scheduler, {.config = config,
                                       .prompt = prompt,
                                       .strategy = row.run,
                                       .does = facts_of(row, config),
                                       .models = std::move(models),
                                       .n_drafting = n_drafting(row, config)});
    scheduler.run();
    run->rethrow();
    return run->sequences()[0].ids;
  };
  for (const Pairs& way : ways) {
    Scheduler plain({&undivided}), split;
    const ModelId target = split.add(divided.upper), drafting = split.add(*divided.lower, 1);
    Pairs drafted = way;
    drafted.emplace_back("assistant_early_exit", "20");
    drafted.emplace_back("num_assistant_tokens_schedule", "constant");
    divided.lower->rows = divided.upper.rows = 0;
    EXPECT_EQ(write(split, drafted, {target, drafting}), write(plain, way, {0}));
    EXPECT_GT(divided.upper.rows, 24 + std::ssize(prompt)) << "or nothing was drafted";
    // What the whole reads was computed below once, but for the prompt's last token, whose logits a draft wants; at the
    // end a guess may have been made that nobody read.
    EXPECT_LE(divided.lower->rows, divided.upper.rows + 1 + 5);
    split.cache(target).clear();
    divided.lower->clear();
    undivided.clear();
  }
}

INSTANTIATE_TEST_SUITE_P(Files, LlamaSplitModel, ::testing::Values(kQ4_0, kF32));

TEST(SplitModel, IsMadeWhereLayersAreBelowAndAbove) {
  const LlamaFile& file = *model_file(kQ4_0);
  EXPECT_FALSE(can_split(file, 0, {}));
  EXPECT_TRUE(can_split(file, 1, {}));
  EXPECT_TRUE(can_split(file, 29, {}));
  EXPECT_FALSE(can_split(file, 30, {}));
}

TEST(SplitModel, RowsAboveComeWithTheirStates) {
  Divided divided(kQ4_0);
  const SeqId sequence = 0;
  const Row row{.token = 1, .position = 0, .sequences = std::span(&sequence, 1), .outputs = &kLogits};
  EXPECT_THROW(divided.upper.forward(std::span(&row, 1)), Error);
}

}  // namespace
}  // namespace decant
