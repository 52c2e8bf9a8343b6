// Encoder repetition penalty: every token of the prompt becomes more likely, so that the text stays with its words.
//
// The repetition penalty with 1 / penalty, over the prompt alone: score < 0 ? score / penalty : score * penalty, once
// per distinct token. Equals Hugging Face's EncoderRepetitionPenaltyLogitsProcessor ("hallucination penalty").
#pragma once

#include "processors/processor.h"

namespace decant {

class EncoderRepetitionPenalty final : public Processor {
 public:
  explicit EncoderRepetitionPenalty(double penalty);  // > 0

  std::string_view name() const override { return "encoder_repetition_penalty"; }
  void operator()(Scores& scores, const Context& context) const override;

 private:
  float inverse_;  // rounded before it is used, as there
};

}  // namespace decant
