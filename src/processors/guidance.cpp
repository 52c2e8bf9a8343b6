// Classifier-free guidance: away from what the model would say behind the negative prompt.
//
// score = scale * (c - u) + u, with the log-probabilities c behind the prompt and u behind the negative prompt. Above 1
// the prompt counts more; between 0 and 1 the two are mixed. Scale 1 leaves the log-probabilities c.
// Source: Sanchez et al., "Stay on topic with Classifier-Free Guidance", 2023. Equals Hugging Face's
// UnbatchedClassifierFreeGuidanceLogitsProcessor. Deviation: a token that is impossible behind the negative prompt has
// nothing to be led away from and keeps c; there it turns into a NaN.

#include "processors/row.h"

namespace decant {
namespace {

class Guidance final : public Processor {
 public:
  explicit Guidance(double scale) : scale_(scale) {
    if (!std::isfinite(scale)) throw Error(ErrorKind::usage, "guidance_scale is {}: it must be a finite number", scale);
  }

  std::string_view name() const override { return "guidance_scale"; }
  void operator()(Scores& scores, const Context& context) const override {
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

 private:
  double scale_;
};

const Registered<ProcessorRow> row({
    .option = "guidance_scale",
    .part = ChainPart::edit,
    .place = 100,
    .raises = [](const auto&) { return true; },
    .is_on = [](const auto& c, const auto&) { return c.guidance_scale != 1; },
    .make = [](const auto& c, const auto&) { return made<Guidance>(c.guidance_scale); },
});

}  // namespace
}  // namespace decant
