// Diversity penalty: a token loses this for every beam of an earlier group that has chosen it at the same step.
//
// Vijayakumar et al., "Diverse Beam Search: Decoding Diverse Solutions from Neural Sequence Models", AAAI 2018, with
// Hamming distance as the measure. Equals Hugging Face's HammingDiversityLogitsProcessor, in its place before the
// repetition penalties.

#include "processors/row.h"

namespace decant {
namespace {

class DiversityPenalty final : public Processor {
 public:
  explicit DiversityPenalty(double penalty) : penalty_(static_cast<float>(penalty)) {
    if (!(penalty_ >= 0 && std::isfinite(penalty_))) {
      throw Error(ErrorKind::usage, "diversity_penalty is {}: it must be a number of 0 or more", penalty);
    }
  }

  std::string_view name() const override { return "diversity_penalty"; }
  void operator()(Scores& scores, const Context& context) const override {
    scores.edit(context.taken,
                [this](Token, float score, int beams) { return score - static_cast<float>(beams) * penalty_; });
  }

 private:
  float penalty_;
};

const Registered<ProcessorRow> row({
    .option = "diversity_penalty",
    .part = ChainPart::edit,
    .place = 400,
    .is_on = [](const auto& c, const auto&) { return c.diversity_penalty != 0; },
    .make = [](const auto& c, const auto&) { return made<DiversityPenalty>(c.diversity_penalty); },
});

}  // namespace
}  // namespace decant
