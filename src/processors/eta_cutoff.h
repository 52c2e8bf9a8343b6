// Eta cutoff: tokens with at least the probability eta = min(epsilon, sqrt(epsilon) * exp(-entropy)), a lower bar where
// the distribution is flat; the likeliest stays anyway.
//
// Source: Hewitt et al., "Truncation Sampling as Language Model Desmoothing", Findings of EMNLP 2022. Equals Hugging
// Face's EtaLogitsWarper, also in that min_tokens_to_keep keeps everything that ties with the last one. Deviation:
// epsilon 0 (does nothing) and 1 are errors there.
#pragma once

#include "processors/processor.h"

namespace decant {

class EtaCutoff final : public Processor {
 public:
  explicit EtaCutoff(double epsilon, int min_tokens_to_keep = 1);  // 0 <= epsilon <= 1, min_tokens_to_keep >= 1

  std::string_view name() const override { return "eta_cutoff"; }
  void operator()(Scores& scores, const Context& context) const override;

 private:
  double log_epsilon_;
  int min_tokens_to_keep_;
};

}  // namespace decant
