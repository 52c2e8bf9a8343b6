// XTC (exclude top choices): with the given probability, of several tokens that are good enough only the least likely
// one stays, and everything below it.
//
// Good enough is p >= threshold. context.u is the coin: it acts if u <= probability. Nothing happens where fewer than
// two tokens are good enough, or fewer than min_tokens_to_keep would be left; a threshold above 0.5 leaves no two.
// Source: text-generation-webui, pull request 6335. Equals libllama's xtc sampler. Deviations: of equal tokens the
// lower ids go first (there, whichever its sort puts first); the coin is not tied to the draw of the token (there, both
// streams of random numbers begin with the same seed).
#pragma once

#include "processors/processor.h"

namespace decant {

class Xtc final : public Processor {
 public:
  // 0 <= probability, threshold <= 1; min_tokens_to_keep >= 1; probability 0 does nothing
  Xtc(double probability, double threshold, int min_tokens_to_keep = 1);

  std::string_view name() const override { return "xtc_probability"; }
  void operator()(Scores& scores, const Context& context) const override;

 private:
  double probability_;
  double threshold_;
  int min_tokens_to_keep_;
};

}  // namespace decant
