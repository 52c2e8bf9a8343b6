#include "processors/top_h.h"

#include "processors/min_tokens_to_keep.h"

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

}  // namespace

TopH::TopH(double h, int min_tokens_to_keep)
    : h_(h), min_tokens_to_keep_(checked_min_tokens_to_keep(min_tokens_to_keep)) {
  if (!(h > 0 && h <= 1)) throw Error(ErrorKind::usage, "top_h is {}: it must be above 0 and at most 1", h);
}

void TopH::operator()(Scores& scores, const Context&) const {
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

}  // namespace decant
