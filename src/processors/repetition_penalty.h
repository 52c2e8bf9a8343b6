// Repetition penalty: every token that has occurred, in the prompt or since, becomes less likely.
//
// score < 0 ? score * penalty : score / penalty, once per distinct token; below 1 it encourages repetition.
// Source: Keskar et al., "CTRL", 2019. Equals Hugging Face's RepetitionPenaltyLogitsProcessor.
#pragma once

#include "processors/processor.h"

namespace decant {

class RepetitionPenalty final : public Processor {
 public:
  explicit RepetitionPenalty(double penalty);  // > 0

  std::string_view name() const override { return "repetition_penalty"; }
  void operator()(Scores& scores, std::span<const Token> tokens) const override;

 private:
  float penalty_;
};

}  // namespace decant
