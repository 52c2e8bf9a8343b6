// decant on tiny random models of many architectures against Hugging Face transformers: README.md beside this file says
// how they are made and what was recorded.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "llama/self_model.h"
#include "run/scheduler.h"
#include "strategies/resolve.h"
#include "support/golden_files.h"
#include "support/real_models.h"

namespace decant {
namespace {

using namespace test;

// ggml reads GELU from a table of F16, which changes logits by as much as that; elsewhere only rounding does.
constexpr double kLogit = 2e-4, kGeluLogit = 5e-3;
constexpr double kScore = 1e-4, kGeluScore = 1e-3;  // of a beam, by token

std::vector<std::string> names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(zoo_folder())) {
    if (entry.path().extension() == ".json" && !entry.path().stem().string().starts_with("tokens"))
      names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class Zoo : public testing::TestWithParam<std::string> {
 protected:
  std::filesystem::path path() const { return zoo_folder() / (GetParam() + ".gguf"); }

  void SetUp() override {
    std::ifstream(zoo_folder() / (GetParam() + ".json")) >> golden_;
    file_ = std::make_shared<const LlamaFile>(path(), ModelOptions{});
  }

  double tolerance(double exact, double gelu) const { return golden_.value("gelu", false) ? gelu : exact; }

  // The texts that the options make of a case's prompt.
  std::vector<Sequence> write(const std::shared_ptr<const LlamaFile>& file, const Json& c, Json options) const {
    options.update({{"max_new_tokens", 24}, {"ignore_eos", true}});
    LlamaModel model(file, options_, cells_, 32);
    EXPECT_EQ(model.info().rewind != kRewindAll, file->has_states() || has_windows_);
    Scheduler scheduler({&model});
    const GenerationConfig config = config_of(options);
    const StrategyRow& row = resolve_strategy(config);
    const auto run = start(
        scheduler, {.config = config, .prompt = c["prompt_ids"], .strategy = row.run, .does = facts_of(row, config)});
    scheduler.run();
    run->rethrow();
    return run->sequences();
  }

  void expect_text(const char* what, const Json& options) const {
    SCOPED_TRACE(what);
    EXPECT_EQ(Json(write(file_, golden_[what], options)[0].ids), golden_[what]["ids"]);
  }

  void expect_beams() const;

  Json golden_;
  std::shared_ptr<const LlamaFile> file_;
  ModelOptions options_ = one_thread();
  int cells_ = 1024;
  bool has_windows_ = false;
};

TEST_P(Zoo, LogitsAreThoseOfTransformers) {
  LlamaModel model(file_, one_thread(), 256, 2);
  const Outputs outputs{.logits = true, .hidden = false, .layers = {}};
  const std::vector<SeqId> sequence = {0};
  std::vector<Row> rows;
  for (const Token token : golden_["greedy"]["prompt_ids"].get<std::vector<Token>>())
    rows.push_back({.token = token, .position = static_cast<int>(rows.size()), .sequences = sequence});
  rows.back().outputs = &outputs;
  model.forward(rows);
  const auto logits = model.logits(static_cast<int>(rows.size()) - 1);
  ASSERT_EQ(golden_["top"].size(), 50u);
  double most = 0;
  for (const Json& each : golden_["top"])
    most = std::max(most, std::abs(static_cast<double>(logits[each[0].get<std::size_t>()]) - each[1].get<double>()));
  EXPECT_LE(most, tolerance(kLogit, kGeluLogit));
}

TEST_P(Zoo, GreedyTextIsThatOfTransformers) { expect_text("greedy", Json::object()); }

TEST_P(Zoo, BeamsAreThoseOfTransformers) { expect_beams(); }

void Zoo::expect_beams() const {
  const auto found = write(file_, golden_["beams"], {{"num_beams", 4}, {"num_return_sequences", 4}});
  const Json& answers = golden_["beams"]["answers"];
  ASSERT_EQ(found.size(), answers.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(Json(found[i].ids), answers[i]["ids"]) << i;
    EXPECT_NEAR(found[i].score / 24, answers[i]["score"].get<double>(), tolerance(kScore, kGeluScore)) << i;
  }
}

TEST_P(Zoo, ContrastiveSearchIsThatOfTransformers) {
  expect_text("contrastive_search", {{"penalty_alpha", 0.6}, {"top_k", 4}});
}

TEST_P(Zoo, HalfOfItsLayersAreTransformersFirstLayers) {
  const Json& half = golden_["half"];
  const auto cut = load_self_model(fmt::format("self:{}", half["layers"].get<int>()), file_, {});
  EXPECT_EQ(Json(write(cut, half, Json::object())[0].ids), half["ids"]);
}

// As transformers does it, an inner layer's logits are the product with the output matrix, whatever else is done to the
// last one's.
TEST_P(Zoo, DolaIsThatOfTransformers) {
  for (const char* layers : {"low", "high"})
    expect_text(fmt::format("dola_{}", layers).c_str(), {{"dola_layers", layers}});
}

INSTANTIATE_TEST_SUITE_P(All, Zoo, testing::ValuesIn(names()), [](const auto& name) { return name.param; });

// Where their cells are fewer than half of the whole context's, layers with a sliding window keep their windows alone.
class Windows : public Zoo {
 protected:
  Windows() {
    options_.prefill_chunk_size = 16;
    cells_ = 4096;
    has_windows_ = true;
  }
};

TEST_P(Windows, GreedyTextIsThatOfTransformers) { expect_text("greedy", Json::object()); }

TEST_P(Windows, BeamsAreThoseOfTransformers) { expect_beams(); }

TEST_P(Windows, ContrastiveSearchIsThatOfTransformers) {
  expect_text("contrastive_search", {{"penalty_alpha", 0.6}, {"top_k", 4}});
}

TEST_P(Windows, RejectedDraftsLeaveTheTextAlone) {
  expect_text("greedy", {{"prompt_lookup_num_tokens", 5}, {"max_matching_ngram_size", 1}});
}

INSTANTIATE_TEST_SUITE_P(All, Windows, testing::Values("cohere2", "gemma2", "gemma3", "gptoss"),
                         [](const auto& name) { return name.param; });

TEST(ZooFiles, AreManyAndSmall) {
  EXPECT_GE(names().size(), 30u);
  for (const std::string& name : names())
    EXPECT_LE(std::filesystem::file_size(zoo_folder() / (name + ".gguf")), 200'000u) << name;
}

}  // namespace
}  // namespace decant
