// Min-p: tokens with at least min_p times the probability of the likeliest.
//
// p >= min_p * p_max is score >= max + ln(min_p): no exponential is needed.
// Source: Nguyen et al., "Turning Up the Heat: Min-p Sampling", ICLR 2025. Equals Hugging Face's MinPLogitsWarper.
#pragma once

#include "processors/processor.h"

namespace decant {

class MinP final : public Processor {
 public:
  explicit MinP(double min_p, int min_tokens_to_keep = 1);  // 0 <= min_p <= 1, min_tokens_to_keep >= 1

  std::string_view name() const override { return "min_p"; }
  void operator()(Scores& scores, const Context& context) const override;

 private:
  double log_min_p_;
  int min_tokens_to_keep_;
};

}  // namespace decant
