// Classifier-free guidance: away from what the model would say behind the negative prompt.
//
// score = scale * (c - u) + u, with the log-probabilities c behind the prompt and u behind the negative prompt. Above 1
// the prompt counts more; between 0 and 1 the two are mixed. Scale 1 leaves the log-probabilities c.
// Source: Sanchez et al., "Stay on topic with Classifier-Free Guidance", 2023. Equals Hugging Face's
// UnbatchedClassifierFreeGuidanceLogitsProcessor. Deviation: a token that is impossible behind the negative prompt has
// nothing to be led away from and keeps c; there it turns into a NaN.
#pragma once

#include "processors/processor.h"

namespace decant {

class Guidance final : public Processor {
 public:
  explicit Guidance(double scale);  // finite

  std::string_view name() const override { return "guidance_scale"; }
  void operator()(Scores& scores, const Context& context) const override;  // reads context.unconditional

 private:
  double scale_;
};

}  // namespace decant
