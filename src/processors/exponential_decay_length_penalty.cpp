#include "processors/exponential_decay_length_penalty.h"

#include <utility>

#include "base/error.h"
#include "processors/token_ids.h"

namespace decant {

ExponentialDecayLengthPenalty::ExponentialDecayLengthPenalty(int start, double factor, std::vector<Token> eos)
    : start_(start), factor_(factor), eos_(std::move(eos)) {
  if (start < 0) throw Error(ErrorKind::usage, "{} starts at {}: it must be at least 0", name(), start);
  if (!(factor > 0 && std::isfinite(factor))) {
    throw Error(ErrorKind::usage, "{} has the factor {}: it must be a positive number", name(), factor);
  }
}

void ExponentialDecayLengthPenalty::operator()(Scores& scores, const Context& context) const {
  check_token_ids("eos_token_id", eos_, scores.n_vocab());
  const int past = context.n_new() - start_;
  if (past <= 0) return;
  constexpr double largest = std::numeric_limits<float>::max();  // infinity times a score of 0 is no number
  const auto growth = static_cast<float>(std::min(std::pow(factor_, past) - 1, largest));
  scores.edit(eos_, [growth](float score) { return score + std::abs(score) * growth; });
}

}  // namespace decant
