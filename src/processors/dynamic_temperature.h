// Dynamic temperature: scores / T, with a T that rises with the entropy: low where the model is sure, high where not.
//
// T = low + (high - low) * (H / ln n)^exponent; low = max(0, temperature - range), high = temperature + range; H is the
// entropy and n the number of the tokens that are left. T = 0 leaves the likeliest alone.
// Source: KoboldCpp, later libllama. Equals libllama's temp_ext sampler. Deviation: n does not count removed tokens
// (there it does, where a sampler set their logits to -infinity).
#pragma once

#include "processors/processor.h"

namespace decant {

class DynamicTemperature final : public Processor {
 public:
  DynamicTemperature(double temperature, double range, double exponent);  // >= 0, >= 0, > 0

  std::string_view name() const override { return "dynatemp_range"; }
  void operator()(Scores& scores, const Context& context) const override;

 private:
  double low_, high_, exponent_;
};

}  // namespace decant
