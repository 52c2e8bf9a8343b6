// Temperature: scores / T. Below 1 the distribution sharpens, towards greedy; above 1 it flattens, towards uniform.
//
// Equals Hugging Face's TemperatureLogitsWarper. Deviation: a T so small that the quotients overflow is greedy here and
// an error there. T = 0 is not a temperature: whoever builds the chain leaves sampling off instead.
#pragma once

#include "processors/processor.h"

namespace decant {

class Temperature final : public Processor {
 public:
  explicit Temperature(double temperature);  // > 0

  std::string_view name() const override { return "temperature"; }
  void operator()(Scores& scores, const Context& context) const override;

 private:
  float temperature_;
};

}  // namespace decant
