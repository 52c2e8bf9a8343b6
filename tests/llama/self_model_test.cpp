// Models made of another one's weights.
#include "llama/self_model.h"

#include <gtest/gtest.h>
#include <llama-model.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "support/golden_files.h"
#include "support/real_models.h"

namespace decant {
namespace {

using namespace test;

const std::vector<Token> kText = {504, 1029, 282, 4630, 314};

std::vector<float> logits_of(const std::shared_ptr<const LlamaFile>& file) {
  LlamaModel model(file, one_thread(), 256, 2);
  static const Outputs outputs{.logits = true, .hidden = false, .layers = {}};
  const std::vector<SeqId> sequence = {0};
  std::vector<Row> rows;
  for (const Token token : kText)
    rows.push_back({.token = token, .position = static_cast<int>(rows.size()), .sequences = sequence});
  rows.back().outputs = &outputs;
  model.forward(rows);
  const auto logits = model.logits(static_cast<int>(rows.size()) - 1);
  return {logits.begin(), logits.end()};
}

TEST(LlamaSelfModel, AllLayersAreTheModelItself) {
  const auto whole = model_file(kF32);
  const auto again = load_self_model("self:30", whole, {});
  EXPECT_EQ(again->info().n_layer, 30);
  EXPECT_EQ(again->name(), "smollm2-f32-30");
  EXPECT_EQ(max_difference(logits_of(again), logits_of(whole)), 0);
}

TEST(LlamaSelfModel, AnotherTypeIsWhatTheQuantiserMakes) {
  const auto whole = model_file(kF32);
  const auto again = load_self_model("self:Q4_0", whole, {});
  EXPECT_EQ(again->info().weight_type, "q4_0");
  EXPECT_EQ(max_difference(logits_of(again), logits_of(model_file(kQ4_0))), 0);
}

// What the first layers make of a text, with the final norm: against the whole model's hidden state there.
TEST(LlamaSelfModel, FirstLayersEndWithNormAndHead) {
  const auto whole = model_file(kF32);
  LlamaModel model(whole, one_thread(), 256, 2);
  const auto half = load_self_model("self:15", whole, {});
  EXPECT_EQ(half->info().n_layer, 15);
  EXPECT_TRUE(half->info().tied_embeddings);
  EXPECT_EQ(half->vocab().size(), whole->vocab().size());
  // Norm and head change the order little: the best token of layer 15 without the norm is likely among its first.
  const auto logits = logits_of(half);
  EXPECT_GT(max_difference(logits, logits_of(whole)), 1);
  EXPECT_EQ(logits_of(load_self_model("self:15", whole, {})), logits);
}

TEST(LlamaSelfModel, QuantisedModelsCanBeTakenApartToo) {
  const auto half = load_self_model("self:10", model_file(kQ4_0), {});
  EXPECT_EQ(half->info().n_layer, 10);
  EXPECT_EQ(half->info().file_type, model_file(kQ4_0)->info().file_type);
  EXPECT_GT(max_difference(logits_of(half), logits_of(model_file(kQ4_0))), 1);
  EXPECT_EQ(load_self_model("self:1", model_file(kMicro), {})->info().n_layer, 1);
}

TEST(LlamaSelfModel, LayersReadTheWeightsOfTheWhole) {
  const auto whole = model_file(kQ4_0);
  const auto upper = load_layers(whole, {20, 10}, "upper", {});
  EXPECT_EQ(upper->info().n_layer, 10);
  std::multimap<std::string, const void*> weights;
  for (const auto& [name, tensor] : whole->handle()->tensors_by_name) weights.emplace(name, tensor->data);
  int layers = 0;
  for (const auto& [name, tensor] : upper->handle()->tensors_by_name) {
    const bool in_layer = name.starts_with("blk.");
    layers += in_layer;
    const auto [begin, end] =
        weights.equal_range(in_layer ? "blk.2" + name.substr(4) : name);  // blk.3 is the whole's blk.23
    const void* data = tensor->data;
    EXPECT_TRUE(std::any_of(begin, end, [&](const auto& each) { return each.second == data; })) << name;
  }
  EXPECT_EQ(layers, 90);
}

TEST(LlamaSelfModel, ErrorsSayWhatIsPossible) {
  const auto error = [](const char* name) -> std::string {
    try {
      load_self_model(name, model_file(kF32), {});
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::usage);
      return e.what();
    }
    return "none";
  };
  EXPECT_EQ(error("self:0"), "self:0: smollm2-f32 has 1 to 30 layers to take");
  EXPECT_EQ(error("self:31"), "self:31: smollm2-f32 has 1 to 30 layers to take");
  for (const std::string name : {"self:", "self:half", "self:15x", "self:99999999999999999"}) {
    EXPECT_EQ(
        error(name.c_str()),
        name + " is no model: self: is followed by a number of layers or a type (self:15, self:q4_0, self:q8_0, ...)");
  }
}

}  // namespace
}  // namespace decant
