// No state of the process: models load, vocabularies are read and contexts run at the same time, and each is what it is
// alone. Meant for ThreadSanitizer as well.
#include <gtest/gtest.h>

#include <thread>

#include "llama/llama_model.h"
#include "model/grammar.h"
#include "support/gguf_builder.h"
#include "support/real_models.h"
#include "support/temporary.h"

namespace decant {
namespace {

using namespace test;

ModelOptions with_kernels(const char* kernels) {
  ModelOptions options = one_thread();
  options.kernels = kernels;
  options.flash_attn = "on";
  return options;
}

// Logits of a few steps, and what the model says of itself afterwards.
struct Answer {
  std::vector<float> logits;
  std::string description;
  bool operator==(const Answer&) const = default;
};

Answer answer_of(const std::shared_ptr<const LlamaFile>& file, const ModelOptions& options) {
  const Outputs outputs{.logits = true, .hidden = false, .layers = {}};
  LlamaModel model(file, options, 256, 2);
  const std::vector<SeqId> sequence = {0};
  Answer answer;
  for (int position = 0; position < 20; ++position) {
    const Row row{.token = position * 7 % 100, .position = position, .sequences = sequence, .outputs = &outputs};
    model.forward(std::span(&row, 1));
    const auto logits = model.logits(0);
    answer.logits.insert(answer.logits.end(), logits.begin(), logits.end());
  }
  answer.description = model.describe();
  return answer;
}

Answer loaded_and_run(const char* kernels) {
  const ModelOptions options = with_kernels(kernels);
  return answer_of(std::make_shared<const LlamaFile>(model_path(kMicro), options), options);
}

// One has our kernels and one ggml's, from the load on.
TEST(Concurrency, ModelsLoadAndRunEachAsItIsAlone) {
  const Answer ours = loaded_and_run("on"), ggmls = loaded_and_run("off");
  ASSERT_NE(ours, ggmls);
  const auto repeat = [](const char* kernels, const Answer& expected) {
    for (int i = 0; i < 5; ++i) {
      const Answer found = loaded_and_run(kernels);
      EXPECT_EQ(found.description, expected.description) << kernels;
      EXPECT_TRUE(found.logits == expected.logits) << kernels;
    }
  };
  std::jthread first(repeat, "on", ours), second(repeat, "off", ggmls), third(repeat, "on", ours);
}

TEST(Concurrency, AVocabularyIsReadWhileItsModelRuns) {
  const ModelOptions options = with_kernels("on");
  const auto file = std::make_shared<const LlamaFile>(model_path(kMicro), options);
  const Answer expected = answer_of(file, options);
  const std::string text = "The quick brown fox, 42 times.";
  const auto read = [&] {
    const LlamaVocab& vocab = file->vocab();
    for (int i = 0; i < 50; ++i) {
      std::string again;
      for (const Token token : vocab.tokenize(text, false, false)) again += vocab.bytes(token);
      EXPECT_EQ(again, text);
    }
    const auto grammar = vocab.grammar("root ::= [a-z]+");
    EXPECT_FALSE(grammar->allowed()[static_cast<std::size_t>(vocab.eos().at(0))]);
  };
  std::jthread first(read), second(read);
  EXPECT_TRUE(answer_of(file, options) == expected);
}

// What libllama complains of in one load is in its message, and in no other's.
TEST(Concurrency, ComplaintsAreOfTheirOwnLoad) {
  const TemporaryFolder folder;
  const auto load = [&](const std::string& missing, const std::string& other) {
    GgufBuilder bad = loadable_gguf();
    std::erase_if(bad.tensors, [&](const auto& tensor) { return tensor.name == missing; });
    const std::filesystem::path path = folder.write(missing + ".gguf", bad.build());
    for (int i = 0; i < 20; ++i) {
      try {
        const LlamaFile file(path, one_thread());
        ADD_FAILURE() << "it was loaded";
      } catch (const Error& error) {
        const std::string said = error.what();
        EXPECT_NE(said.find("tensor '" + missing + "'"), std::string::npos) << said;
        EXPECT_EQ(said.find(other), std::string::npos) << said;
      }
    }
  };
  const std::string up = "blk.0.ffn_up.weight", norm = "output_norm.weight";
  std::jthread first(load, up, norm), second(load, norm, up);
}

}  // namespace
}  // namespace decant
