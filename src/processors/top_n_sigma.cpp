#include "processors/top_n_sigma.h"

#include "base/error.h"

namespace decant {

TopNSigma::TopNSigma(double n) : n_(n) {
  if (!(n >= 0 && std::isfinite(n))) throw Error(ErrorKind::usage, "top_n_sigma is {}: it must be 0 or more", n);
}

void TopNSigma::operator()(Scores& scores, const Context&) const {
  if (n_ > 0) scores.keep_at_least(static_cast<float>(scores.max() - n_ * scores.standard_deviation()), 1);
}

}  // namespace decant
