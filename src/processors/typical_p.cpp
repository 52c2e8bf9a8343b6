#include "processors/typical_p.h"

#include "processors/min_tokens_to_keep.h"

namespace decant {

TypicalP::TypicalP(double mass, int min_tokens_to_keep)
    : mass_(mass), min_tokens_to_keep_(checked_min_tokens_to_keep(min_tokens_to_keep)) {
  if (!(mass > 0 && mass <= 1)) {
    throw Error(ErrorKind::usage, "typical_p is {}: it must be above 0 and at most 1", mass);
  }
}

void TypicalP::operator()(Scores& scores, const Context&) const {
  if (mass_ < 1) scores.keep_typical(mass_, min_tokens_to_keep_);
}

}  // namespace decant
