// The output head of a model, applied to hidden states that libllama has handed out: one matrix product for all of
// them.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "kernels/isa.h"
#include "llama/graph_layers.h"
#include "model/model.h"

namespace decant {

class Threads;

class LayerHead : public Head {
 public:
  // `steps`: GraphLayers::head. `isa`: of our kernels, where they compute.
  LayerHead(std::vector<HeadStep> steps, Threads& threads, std::optional<kernels::Isa> isa);
  ~LayerHead() override;

  // Of last hidden states, after the final norm.
  void apply(std::span<const float> states, std::span<float> logits) override { apply(states, logits, true); }

  // Of inner layers, without the final norm; as Hugging Face's DoLa, the product and a bias alone, without what scales
  // or bounds a model's logits.
  void apply_to_layers(std::span<const float> states, std::span<float> logits) { apply(states, logits, false); }

 private:
  void apply(std::span<const float> states, std::span<float> logits, bool whole);

  struct State;
  std::vector<HeadStep> steps_;
  Threads& threads_;
  std::optional<kernels::Isa> isa_;
  std::unique_ptr<State> state_;
};

}  // namespace decant
