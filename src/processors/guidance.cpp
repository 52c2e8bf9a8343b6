#include "processors/guidance.h"

#include "base/error.h"

namespace decant {

Guidance::Guidance(double scale) : scale_(scale) {
  if (!std::isfinite(scale)) throw Error(ErrorKind::usage, "guidance_scale is {}: it must be a finite number", scale);
}

void Guidance::operator()(Scores& scores, const Context& context) const {
  assert(std::ssize(context.unconditional) == scores.n_vocab());
  const LogSum other = log_sum_exp(context.unconditional);
  if (!other.valid) {
    throw Error(ErrorKind::internal,
                "the model returned a logit that is NaN or infinite behind the negative prompt: "
                "its file is damaged, or its numbers overflow");
  }
  const double total = scores.log_total();
  scores.rewrite([&](Token id, float score) {
    const double c = score - total;
    if (std::isinf(context.unconditional[id])) return static_cast<float>(c);
    const double u = context.unconditional[id] - other.value;
    return static_cast<float>(scale_ * (c - u) + u);
  });
}

}  // namespace decant
