// The models of `make test-models`, each file loaded once, and an oracle that evaluates whole texts from scratch.
#pragma once

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "llama/llama_model.h"
#include "support/paths.h"

namespace decant::test {

inline constexpr const char* kF32 = "smollm2-f32.gguf";
inline constexpr const char* kQ4_0 = "smollm2-q4_0.gguf";
inline constexpr const char* kMicro = "micro.gguf";  // random, 2 layers, 512 tokens

inline std::filesystem::path model_path(const std::string& name) {
  std::filesystem::path path = test::models_folder() / name;
  if (!std::filesystem::exists(path)) {
    throw Error(ErrorKind::no_input, "build/models/{} is not there: `make test-models` makes it", name);
  }
  return path;
}

inline std::shared_ptr<const LlamaFile> model_file(const std::string& name) {
  // Never destroyed: libllama's own statics may be gone by then.
  static auto& files = *new std::map<std::string, std::shared_ptr<const LlamaFile>>;
  auto& file = files[name];
  if (!file) file = std::make_shared<const LlamaFile>(model_path(name), ModelOptions{});
  return file;
}

// One thread: two that share a busy core wait for each other hundreds of times a token, and a test takes minutes.
inline ModelOptions one_thread() {
  ModelOptions options;
  options.threads = 1;
  return options;
}

inline float max_difference(std::span<const float> a, std::span<const float> b) {
  if (a.size() != b.size()) return INFINITY;
  float most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - b[i]));
  return most;
}

// What the model says of a text when it sees nothing else: one batch in an empty cache.
class FromScratch {
 public:
  explicit FromScratch(const std::string& name) : model_(model_file(name), one_thread(), 256) {}

  struct Answer {
    std::vector<float> logits, hidden;
    std::vector<std::vector<float>> layers;
  };

  Answer operator()(const std::vector<Token>& text, const Outputs& outputs) {
    const std::vector<SeqId> sequence = {0};
    std::vector<Row> rows;
    for (const Token token : text) {
      rows.push_back({.token = token, .position = static_cast<int>(rows.size()), .sequences = sequence});
    }
    rows.back().outputs = &outputs;
    model_.forward(rows);
    const int last = static_cast<int>(rows.size()) - 1;
    Answer answer;
    const auto copy = [](std::span<const float> values) { return std::vector<float>(values.begin(), values.end()); };
    if (outputs.logits) answer.logits = copy(model_.logits(last));
    if (outputs.hidden) answer.hidden = copy(model_.hidden(last));
    for (const int layer : outputs.layers) answer.layers.push_back(copy(model_.layer_logits(last, layer)));
    model_.trim_sequence(0, 0);
    return answer;
  }

  std::vector<float> logits(const std::vector<Token>& text) {
    return (*this)(text, {.logits = true, .hidden = false, .layers = {}}).logits;
  }

 private:
  LlamaModel model_;
};

}  // namespace decant::test
