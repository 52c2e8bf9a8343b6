#include "processors/eta_cutoff.h"

#include "processors/min_tokens_to_keep.h"

namespace decant {

EtaCutoff::EtaCutoff(double epsilon, int min_tokens_to_keep)
    : log_epsilon_(std::log(epsilon)), min_tokens_to_keep_(checked_min_tokens_to_keep(min_tokens_to_keep)) {
  if (!(epsilon >= 0 && epsilon <= 1)) {
    throw Error(ErrorKind::usage, "eta_cutoff is {}: it must lie between 0 and 1", epsilon);
  }
}

void EtaCutoff::operator()(Scores& scores, const Context&) const {
  const double log_eta = std::min(log_epsilon_, log_epsilon_ / 2 - scores.entropy());
  scores.keep_probable(log_eta, min_tokens_to_keep_);
}

}  // namespace decant
