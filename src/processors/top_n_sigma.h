// Top-n-sigma: tokens at most n standard deviations below the best score.
//
// A token stays if score >= max - n * sigma, sigma being the standard deviation (of a population) of all scores that
// are left. Scores that are all divided by a temperature keep the same tokens.
// Source: Tang et al., "Top-nσ: Not All Logits Are You Need", 2024. Equals libllama's top-n-sigma sampler. Deviation:
// sums are double; single precision there, in which the deviation of a large vocabulary has three or four digits.
#pragma once

#include "processors/processor.h"

namespace decant {

class TopNSigma final : public Processor {
 public:
  explicit TopNSigma(double n);  // >= 0; 0 does nothing

  std::string_view name() const override { return "top_n_sigma"; }
  void operator()(Scores& scores, const Context& context) const override;

 private:
  double n_;
};

}  // namespace decant
