#include "processors/epsilon_cutoff.h"

#include "processors/min_tokens_to_keep.h"

namespace decant {

EpsilonCutoff::EpsilonCutoff(double epsilon, int min_tokens_to_keep)
    : log_epsilon_(std::log(epsilon)), min_tokens_to_keep_(checked_min_tokens_to_keep(min_tokens_to_keep)) {
  if (!(epsilon >= 0 && epsilon <= 1)) {
    throw Error(ErrorKind::usage, "epsilon_cutoff is {}: it must lie between 0 and 1", epsilon);
  }
}

void EpsilonCutoff::operator()(Scores& scores, const Context&) const {
  scores.keep_probable(log_epsilon_, min_tokens_to_keep_);
}

}  // namespace decant
