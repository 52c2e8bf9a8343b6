// Top-p (nucleus): the likeliest tokens that together have the mass p. A token goes if those ranked before it reach p
// without it; the likeliest stays even at p = 0.
//
// Source: Holtzman et al., "The Curious Case of Neural Text Degeneration", ICLR 2020. Equals Hugging Face's
// TopPLogitsWarper. Deviation: of tokens with equal scores across the boundary the lower ids stay; there, whichever its
// unstable sort puts last.
#pragma once

#include "processors/processor.h"

namespace decant {

class TopP final : public Processor {
 public:
  explicit TopP(double p, int min_tokens_to_keep = 1);  // 0 <= p <= 1, min_tokens_to_keep >= 1

  std::string_view name() const override { return "top_p"; }
  void operator()(Scores& scores, const Context& context) const override;

 private:
  double p_;
  int min_tokens_to_keep_;
};

}  // namespace decant
