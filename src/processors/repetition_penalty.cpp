#include "processors/repetition_penalty.h"

#include "base/error.h"
#include "processors/last_tokens.h"

namespace decant {

RepetitionPenalty::RepetitionPenalty(double penalty, int last_n)
    : penalty_(static_cast<float>(penalty)), last_n_(checked_last_n(last_n)) {
  if (!std::isnormal(penalty_) || penalty_ < 0) {
    throw Error(ErrorKind::usage, "repetition_penalty is {}: it must be a positive number, 1 for no penalty", penalty);
  }
}

void RepetitionPenalty::operator()(Scores& scores, const Context& context) const {
  scores.edit(last_tokens(context.tokens, last_n_),
              [this](float score) { return score < 0 ? score * penalty_ : score / penalty_; });
}

}  // namespace decant
