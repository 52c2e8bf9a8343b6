// A head that a GGUF file carries for the token after the next (multi-token prediction; DeepSeek-AI 2024, "DeepSeek-V3
// Technical Report", 2.2): one more layer, which reads a token and what the model has said of the text before it. Its
// row for a text is a guess of what the model will say there, and what it says of its own guesses is good for further
// ones.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "llama/llama_model.h"

namespace decant {

// Why nothing can be drafted with a head of the file, as the end of a sentence; "": it can.
std::string no_next_head(const LlamaFile& file);
std::string no_next_head(const GgufInfo& info, const llama_model* model);

// Throws Error(unavailable) with that.
void check_next_head(const LlamaFile& file);

class NextHead : public LlamaModel {
 public:
  // REQUIRES: no_next_head() is "", and `model` is of that file. Never evaluated at the same time as `model`, and with
  // no more cells and sequences.
  NextHead(const std::shared_ptr<const LlamaFile>& file, std::shared_ptr<LlamaModel> model, const ModelOptions& options,
           int cells, int sequences);

  std::shared_ptr<Model> lower() override { return model_; }
  Carry carry() override { return {.of_lower = {.hidden = true}, .from_parent = true}; }

 private:
  std::shared_ptr<LlamaModel> model_;
};

}  // namespace decant
