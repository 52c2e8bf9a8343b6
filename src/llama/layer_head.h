// The output head of a model, applied to hidden states that libllama has handed out: one matrix product for all of
// them, without the final norm, as Hugging Face does it for inner layers.
#pragma once

#include <memory>
#include <span>

#include "model/model.h"

struct llama_model;

namespace decant {

class LayerHead : public Head {
 public:
  LayerHead(const llama_model* model, int threads);  // Error(unavailable) if the model has no output matrix to find
  ~LayerHead() override;

  void apply(std::span<const float> states, std::span<float> logits) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace decant
