// Top-h: the likeliest tokens whose parts of the entropy together stay within the share h of it.
//
// Of the 100 likeliest tokens, with p = softmax over these alone and H = -Σ p ln p, a token stays if the terms -p ln p
// from the likeliest one down to itself add up to at most h * H; the likeliest stays anyway. Above 100 tokens it cuts
// even at h = 1.
// Source: Baghaei Potraghloo et al., "Top-H Decoding: Adapting the Creativity and Coherence with Bounded Entropy in
// Text Generation", NeurIPS 2025. Equals Hugging Face's TopHLogitsWarper (5.x). Deviations: of equal tokens across the
// boundary the lower ids stay (there, whichever its sort puts first); h = 1 keeps all 100 (there, rounding in single
// precision decides about the last ones); min_tokens_to_keep.

#include "processors/min_tokens_to_keep.h"
#include "processors/row.h"

namespace decant {
namespace {

// -p ln p of each, the probabilities being those of these tokens alone. They are floats, as Hugging Face's, so that
// halves and quarters are exact, and what is too unlikely for a float ends the list.
std::vector<double> entropy_terms(std::span<const Candidate> best) {
  const auto weight = [&](const Candidate& c) { return std::exp(double{c.score} - best.front().score); };
  double total = 0;
  for (const Candidate& c : best) total += weight(c);
  std::vector<double> terms;
  for (const Candidate& c : best) {
    const double p = static_cast<float>(weight(c) / total);
    if (p == 0) break;
    terms.push_back(-p * std::log(p));
  }
  return terms;
}

class TopH final : public Processor {
 public:
  TopH(double h, int min_tokens_to_keep) : h_(h), min_tokens_to_keep_(min_tokens_to_keep) {
    if (!(h > 0 && h <= 1)) throw Error(ErrorKind::usage, "top_h is {}: it must be above 0 and at most 1", h);
  }

  std::string_view name() const override { return "top_h"; }
  void operator()(Scores& scores, const Context&) const override {
    const std::vector<double> terms = entropy_terms(scores.top(100));
    double entropy = 0;
    for (const double term : terms) entropy += term;
    const auto limit = static_cast<float>(h_ * entropy);

    int n = 0;
    double sum = 0;
    for (const double term : terms) {
      sum += term;
      if (static_cast<float>(sum) > limit) break;
      ++n;
    }
    scores.keep_best(std::max(n, min_tokens_to_keep_));
  }

 private:
  double h_;
  int min_tokens_to_keep_;
};

const Registered<ProcessorRow> row({
    .option = "top_h",
    .part = ChainPart::warper,
    .place = 400,
    .order_names = {"top_h"},
    .truncates = true,
    .keeps_best = true,
    .is_on = [](const auto& c, const auto&) { return c.top_h.has_value(); },
    .make = [](const auto& c, const auto& setup) { return made<TopH>(*c.top_h, min_tokens_to_keep(c, setup)); },
});

}  // namespace
}  // namespace decant
