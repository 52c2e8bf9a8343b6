// Exponential decay length penalty: from the `start`-th new token on, ending becomes exponentially more attractive.
//
// With k = new tokens - start > 0: score += |score| * (factor^k - 1) for every token that ends the sequence; below 1
// the factor makes ending less attractive. Equals Hugging Face's ExponentialDecayLengthPenalty. Deviation: a removed
// end stays removed; there it turns into a NaN.
#pragma once

#include "processors/processor.h"

namespace decant {

class ExponentialDecayLengthPenalty final : public Processor {
 public:
  ExponentialDecayLengthPenalty(int start, double factor, std::vector<Token> eos);  // start >= 0, factor > 0

  std::string_view name() const override { return "exponential_decay_length_penalty"; }
  void operator()(Scores& scores, const Context& context) const override;

 private:
  int start_;
  double factor_;
  std::vector<Token> eos_;
};

}  // namespace decant
