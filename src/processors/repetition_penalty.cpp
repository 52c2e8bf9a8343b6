#include "processors/repetition_penalty.h"

#include "base/error.h"

namespace decant {

RepetitionPenalty::RepetitionPenalty(double penalty) : penalty_(static_cast<float>(penalty)) {
  if (!std::isnormal(penalty_) || penalty_ < 0) {
    throw Error(ErrorKind::usage, "repetition_penalty is {}: it must be a positive number, 1 for no penalty", penalty);
  }
}

void RepetitionPenalty::operator()(Scores& scores, std::span<const Token> tokens) const {
  scores.edit(tokens, [this](float score) { return score < 0 ? score * penalty_ : score / penalty_; });
}

}  // namespace decant
