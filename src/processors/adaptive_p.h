// Adaptive-p: prefers tokens whose probability is near a target, and moves the target against what has been chosen.
//
// aim = 2 * target - (mean probability of the tokens chosen so far, older ones weighing less by `decay` each), between
// 0 and 1; score = 5 - 10 x^2 / (1 + x) with x = |p - aim| / 0.3. The mean begins as the target. Probabilities are
// those before the transformation, so it has to be the last processor, behind one that cuts the tail (min_p).
// Source: llama.cpp, pull request 17927. Equals libllama's adaptive-p sampler.
#pragma once

#include "processors/processor.h"

namespace decant {

struct AdaptivePState final : ProcessorState {
  AdaptivePState(double sum_, double weight_) : sum(sum_), weight(weight_) {}
  double sum;     // of the probabilities chosen, each times its weight
  double weight;  // sum of these weights
};

class AdaptiveP final : public Processor {
 public:
  AdaptiveP(double target, double decay);  // 0 <= target <= 1, 0 <= decay <= 0.99

  std::string_view name() const override { return "adaptive_target"; }
  void operator()(Scores& scores, const Context& context) const override;
  StatePtr start() const override;
  double observe(Scores& final_scores, Token token) const override;  // the probability before the transformation
  StatePtr next(const ProcessorState& state, Token token, double observed) const override;

 private:
  double target_, decay_;
};

}  // namespace decant
