// Epsilon cutoff: tokens with at least the probability epsilon; the likeliest stays anyway.
//
// Source: Hewitt et al., "Truncation Sampling as Language Model Desmoothing", Findings of EMNLP 2022. Equals Hugging
// Face's EpsilonLogitsWarper, also in that min_tokens_to_keep keeps everything that ties with the last one. Deviation:
// epsilon 0 (does nothing) and 1 are errors there.

#include "processors/min_tokens_to_keep.h"
#include "processors/row.h"

namespace decant {
namespace {

class EpsilonCutoff final : public Processor {
 public:
  EpsilonCutoff(double epsilon, int min_tokens_to_keep)
      : log_epsilon_(std::log(epsilon)), min_tokens_to_keep_(min_tokens_to_keep) {
    if (!(epsilon >= 0 && epsilon <= 1)) {
      throw Error(ErrorKind::usage, "epsilon_cutoff is {}: it must lie between 0 and 1", epsilon);
    }
  }

  std::string_view name() const override { return "epsilon_cutoff"; }
  void operator()(Scores& scores, const Context&) const override {
    scores.keep_probable(log_epsilon_, min_tokens_to_keep_);
  }

 private:
  double log_epsilon_;
  int min_tokens_to_keep_;
};

const Registered<ProcessorRow> row({
    .option = "epsilon_cutoff",
    .part = ChainPart::warper,
    .place = 900,
    .order_names = {"epsilon_cutoff"},
    .truncates = true,
    .keeps_best = true,
    .is_on = [](const auto& c, const auto&) { return c.epsilon_cutoff != 0; },
    .make = [](const auto& c,
               const auto& setup) { return made<EpsilonCutoff>(c.epsilon_cutoff, min_tokens_to_keep(c, setup)); },
});

}  // namespace
}  // namespace decant
