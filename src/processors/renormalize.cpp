// Renormalisation: scores become the log-probabilities of the tokens that are left. No probability changes.
//
// Equals Hugging Face's LogitNormalization.

#include "processors/row.h"

namespace decant {
namespace {

class Renormalize final : public Processor {
 public:
  std::string_view name() const override { return "renormalize_logits"; }
  void operator()(Scores& scores, const Context&) const override {
    const double total = scores.log_total();
    scores.rewrite([total](Token, float score) { return static_cast<float>(score - total); });
  }
};

const Registered<ProcessorRow> row({
    .option = "renormalize_logits",
    .part = ChainPart::ending,
    .place = 200,
    .normalizes = true,
    .is_on = [](const auto& c, const auto&) { return c.renormalize_logits; },
    .make = [](const auto&, const auto&) { return made<Renormalize>(); },
});

}  // namespace
}  // namespace decant
