// The output head of a model, applied to hidden states that libllama has handed out: one matrix product for all of
// them.
//
// Used for the logits of inner layers (DoLa): head(hidden_states[i]) without the final norm, as in Hugging Face.
#pragma once

#include <memory>
#include <span>

struct llama_model;

namespace decant {

class LayerHead {
 public:
  LayerHead(const llama_model* model, int threads);  // Error(unavailable) if the model has no output matrix to find
  ~LayerHead();

  // hidden: n rows of n_embd floats, one after the other. logits: n rows of n_vocab.
  void apply(std::span<const float> hidden, std::span<float> logits);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace decant
