// Top-h: the likeliest tokens whose parts of the entropy together stay within the share h of it.
//
// Of the 100 likeliest tokens, with p = softmax over these alone and H = -Σ p ln p, a token stays if the terms -p ln p
// from the likeliest one down to itself add up to at most h * H; the likeliest stays anyway. Above 100 tokens it cuts
// even at h = 1.
// Source: Baghaei Potraghloo et al., "Top-H Decoding: Adapting the Creativity and Coherence with Bounded Entropy in
// Text Generation", NeurIPS 2025. Equals Hugging Face's TopHLogitsWarper (5.x). Deviations: of equal tokens across the
// boundary the lower ids stay (there, whichever its sort puts first); h = 1 keeps all 100 (there, rounding in single
// precision decides about the last ones); min_tokens_to_keep.
#pragma once

#include "processors/processor.h"

namespace decant {

class TopH final : public Processor {
 public:
  explicit TopH(double h, int min_tokens_to_keep = 1);  // 0 < h <= 1, min_tokens_to_keep >= 1

  std::string_view name() const override { return "top_h"; }
  void operator()(Scores& scores, const Context& context) const override;

 private:
  double h_;
  int min_tokens_to_keep_;
};

}  // namespace decant
