// Diversity penalty: a token loses this for every beam of an earlier group that has chosen it at the same step.
//
// Vijayakumar et al., "Diverse Beam Search: Decoding Diverse Solutions from Neural Sequence Models", AAAI 2018, with
// Hamming distance as the measure. Equals Hugging Face's HammingDiversityLogitsProcessor, in its place before the
// repetition penalties.
#pragma once

#include "processors/processor.h"

namespace decant {

class DiversityPenalty final : public Processor {
 public:
  explicit DiversityPenalty(double penalty);

  std::string_view name() const override { return "diversity_penalty"; }
  void operator()(Scores& scores, const Context& context) const override;

 private:
  float penalty_;
};

}  // namespace decant
