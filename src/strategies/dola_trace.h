#pragma once

#include "run/run.h"

namespace decant {

// What the layers said at a step of DoLa, and what the contrast made of it.
class DolaTrace : public StrategyTrace {
 public:
  struct Step {
    const EvalRow& row;
    double log_sum;                          // of the last layer's logits
    const std::vector<int>& layers;          // in the order of row.layers
    const std::vector<LogSum>& sums;         // of row.layers
    const std::vector<double>& divergences;  // empty: one layer, nothing to choose
    std::size_t premature;                   // index of the layer that was subtracted
    const std::vector<float>& scores;
  };
  DolaTrace(const Step& step, Token chosen);

  void write(JsonWriter& json, const Vocab& vocab) const override;

 private:
  struct Likely {
    Token token;
    double p;
  };
  struct Layer {
    int number;
    double divergence;  // NaN: not computed
    double p;           // of the chosen token
    std::vector<Likely> top;
  };
  struct Contender {
    Token token;
    double final, premature;  // log-probabilities
    float score;
  };
  static Layer look(int number, std::span<const float> logits, double log_sum, double divergence, Token chosen);
  static void write_layer(JsonWriter& json, const Layer& layer, const Vocab& vocab);

  int premature_;
  std::vector<Layer> layers_;
  Layer final_;
  std::vector<Contender> contenders_;
};

}  // namespace decant
