// Mirostat: a cut that adapts, so that the tokens chosen are on average as surprising as asked for.
//
// It remembers mu, at first 2 * tau. Version 2 removes the tokens whose surprise -log2 p exceeds mu. Version 1 keeps
// the k best: with s fitted to the 100 likeliest as if p ~ rank^-s (least squares over ratios of neighbours), e = s - 1
// and N tokens in the vocabulary, k = (e * 2^mu / (1 - N^-e))^(1/s), rounded down. One token stays at least. After a
// choice mu -= eta * (surprise - tau), the surprise in bits being that in the distribution that was left, so mirostat
// has to be the last processor that changes probabilities.
// Source: Basu et al., "Mirostat: A Neural Text Decoding Algorithm that Directly Controls Perplexity", ICLR 2021.
// Equals libllama's mirostat and mirostat-v2 samplers, of equal tokens the lower ids first. Deviations: double
// precision throughout; a k that no int can hold keeps everything, and at s = 1 k is the limit of the formula (there,
// both are undefined, and leave a single token on x86).
#pragma once

#include "processors/processor.h"

namespace decant {

struct MirostatState final : ProcessorState {
  explicit MirostatState(double mu_) : mu(mu_) {}
  double mu;  // bits
};

class Mirostat final : public Processor {
 public:
  Mirostat(int version, double tau, double eta, int n_vocab);  // version 1 or 2; tau and eta >= 0

  std::string_view name() const override { return "mirostat"; }
  void operator()(Scores& scores, const Context& context) const override;
  StatePtr start() const override;
  double observe(Scores& final_scores, Token token) const override;  // the surprise in bits
  StatePtr next(const ProcessorState& state, Token token, double observed) const override;

 private:
  int version_;
  double tau_, eta_;
  int n_vocab_;
};

}  // namespace decant
