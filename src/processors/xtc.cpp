#include "processors/xtc.h"

#include "processors/min_tokens_to_keep.h"

namespace decant {

Xtc::Xtc(double probability, double threshold, int min_tokens_to_keep)
    : probability_(probability),
      threshold_(threshold),
      min_tokens_to_keep_(checked_min_tokens_to_keep(min_tokens_to_keep)) {
  if (!(probability >= 0 && probability <= 1)) {
    throw Error(ErrorKind::usage, "xtc_probability is {}: it must lie between 0 and 1", probability);
  }
  if (!(threshold >= 0 && threshold <= 1)) {
    throw Error(ErrorKind::usage, "xtc_threshold is {}: it must lie between 0 and 1", threshold);
  }
}

void Xtc::operator()(Scores& scores, const Context& context) const {
  if (probability_ == 0 || threshold_ > .5 || context.u > probability_) return;
  const auto threshold = static_cast<float>(scores.log_total() + std::log(threshold_));
  int good = 0;
  scores.for_each([&](Token, float score) { good += score >= threshold; });
  if (good >= 2 && scores.kept() - (good - 1) >= min_tokens_to_keep_) scores.drop_best(good - 1);
}

}  // namespace decant
