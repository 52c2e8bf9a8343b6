// Frequency and presence penalty: tokens that have occurred become less likely, the more often the less.
//
// score -= count * frequency + (count > 0 ? presence : 0), with the count among the last n tokens, prompt included.
// Negative penalties encourage repetition. Equals libllama's penalties sampler apart from its repetition penalty.
// (The services that these two come from do not count the prompt.)
#pragma once

#include "processors/processor.h"

namespace decant {

class OccurrencePenalty final : public Processor {
 public:
  OccurrencePenalty(double frequency, double presence, int last_n = -1);  // last_n: -1 is all tokens, 0 none

  std::string_view name() const override { return frequency_ != 0 ? "frequency_penalty" : "presence_penalty"; }
  void operator()(Scores& scores, const Context& context) const override;

 private:
  float frequency_, presence_;
  int last_n_;
};

}  // namespace decant
