#include "processors/diversity_penalty.h"

#include "base/error.h"

namespace decant {

DiversityPenalty::DiversityPenalty(double penalty) : penalty_(static_cast<float>(penalty)) {
  if (!(penalty_ >= 0 && std::isfinite(penalty_))) {
    throw Error(ErrorKind::usage, "diversity_penalty is {}: it must be a number of 0 or more", penalty);
  }
}

void DiversityPenalty::operator()(Scores& scores, const Context& context) const {
  scores.edit(context.taken, [&](Token id, float score) {
    const auto beams = std::count(context.taken.begin(), context.taken.end(), id);
    return score - static_cast<float>(beams) * penalty_;
  });
}

}  // namespace decant
