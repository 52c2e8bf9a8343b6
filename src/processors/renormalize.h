// Renormalisation: scores become the log-probabilities of the tokens that are left. No probability changes.
//
// Equals Hugging Face's LogitNormalization.
#pragma once

#include "processors/processor.h"

namespace decant {

class Renormalize final : public Processor {
 public:
  std::string_view name() const override { return "renormalize_logits"; }
  void operator()(Scores& scores, const Context& context) const override;
};

}  // namespace decant
