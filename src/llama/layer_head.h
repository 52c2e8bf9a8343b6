// The output head of a model, applied to hidden states that libllama has handed out: one matrix product for all of
// them, without the final norm, as Hugging Face does it for inner layers.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "kernels/isa.h"
#include "model/model.h"

struct llama_model;

namespace decant {

class Threads;

class LayerHead : public Head {
 public:
  // Error(unavailable) if the model has no output matrix to find. `isa`: of our kernels, where they compute.
  LayerHead(const llama_model* model, Threads& threads, std::optional<kernels::Isa> isa);
  ~LayerHead() override;

  void apply(std::span<const float> states, std::span<float> logits) override;

 private:
  struct State;
  Threads& threads_;
  std::optional<kernels::Isa> isa_;
  std::unique_ptr<State> state_;
};

}  // namespace decant
