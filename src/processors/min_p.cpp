#include "processors/min_p.h"

#include "processors/min_tokens_to_keep.h"

namespace decant {

MinP::MinP(double min_p, int min_tokens_to_keep)
    : log_min_p_(std::log(min_p)), min_tokens_to_keep_(checked_min_tokens_to_keep(min_tokens_to_keep)) {
  if (!(min_p >= 0 && min_p <= 1)) throw Error(ErrorKind::usage, "min_p is {}: it must lie between 0 and 1", min_p);
}

void MinP::operator()(Scores& scores, const Context&) const {
  // Rounded to a score, so that a token whose probability is exactly min_p * p_max stays.
  scores.keep_at_least(static_cast<float>(scores.max() + log_min_p_), min_tokens_to_keep_);
}

}  // namespace decant
