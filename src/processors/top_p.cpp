#include "processors/top_p.h"

#include "processors/min_tokens_to_keep.h"

namespace decant {

TopP::TopP(double p, int min_tokens_to_keep)
    : p_(p), min_tokens_to_keep_(checked_min_tokens_to_keep(min_tokens_to_keep)) {
  if (!(p >= 0 && p <= 1)) throw Error(ErrorKind::usage, "top_p is {}: it must lie between 0 and 1", p);
}

void TopP::operator()(Scores& scores, const Context&) const {
  if (p_ < 1) scores.keep_mass(p_, min_tokens_to_keep_);
}

}  // namespace decant
