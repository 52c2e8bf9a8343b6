// Repetition penalty: every token that has occurred, in the prompt or since, becomes less likely.
//
// score < 0 ? score * penalty : score / penalty, once per distinct token; below 1 it encourages repetition.
// Source: Keskar et al., "CTRL", 2019. Equals Hugging Face's RepetitionPenaltyLogitsProcessor; last_n is libllama's.
#pragma once

#include "processors/processor.h"

namespace decant {

class RepetitionPenalty final : public Processor {
 public:
  // penalty > 0; last_n: how many of the last tokens count, -1 for all.
  explicit RepetitionPenalty(double penalty, int last_n = -1);

  std::string_view name() const override { return "repetition_penalty"; }
  void operator()(Scores& scores, const Context& context) const override;

 private:
  float penalty_;
  int last_n_;
};

}  // namespace decant
