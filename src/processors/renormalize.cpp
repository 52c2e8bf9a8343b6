#include "processors/renormalize.h"

namespace decant {

void Renormalize::operator()(Scores& scores, const Context&) const {
  const double total = scores.log_total();
  scores.rewrite([total](Token, float score) { return static_cast<float>(score - total); });
}

}  // namespace decant
