#include "processors/encoder_repetition_penalty.h"

#include "base/error.h"

namespace decant {

EncoderRepetitionPenalty::EncoderRepetitionPenalty(double penalty) : inverse_(static_cast<float>(1 / penalty)) {
  if (!std::isnormal(inverse_) || inverse_ < 0) {
    throw Error(ErrorKind::usage, "encoder_repetition_penalty is {}: it must be a positive number, 1 for no effect",
                penalty);
  }
}

void EncoderRepetitionPenalty::operator()(Scores& scores, const Context& context) const {
  scores.edit(context.prompt(), [this](float score) { return score < 0 ? score * inverse_ : score / inverse_; });
}

}  // namespace decant
