// Eta cutoff: tokens with at least the probability eta = min(epsilon, sqrt(epsilon) * exp(-entropy)), a lower bar where
// the distribution is flat; the likeliest stays anyway.
//
// Source: Hewitt et al., "Truncation Sampling as Language Model Desmoothing", Findings of EMNLP 2022. Equals Hugging
// Face's EtaLogitsWarper, also in that min_tokens_to_keep keeps everything that ties with the last one. Deviation:
// epsilon 0 (does nothing) and 1 are errors there.

#include "processors/min_tokens_to_keep.h"
#include "processors/row.h"

namespace decant {
namespace {

class EtaCutoff final : public Processor {
 public:
  EtaCutoff(double epsilon, int min_tokens_to_keep)
      : log_epsilon_(std::log(epsilon)), min_tokens_to_keep_(min_tokens_to_keep) {
    if (!(epsilon >= 0 && epsilon <= 1)) {
      throw Error(ErrorKind::usage, "eta_cutoff is {}: it must lie between 0 and 1", epsilon);
    }
  }

  std::string_view name() const override { return "eta_cutoff"; }
  void operator()(Scores& scores, const Context&) const override {
    const double log_eta = std::min(log_epsilon_, log_epsilon_ / 2 - scores.entropy());
    scores.keep_probable(log_eta, min_tokens_to_keep_);
  }

 private:
  double log_epsilon_;
  int min_tokens_to_keep_;
};

const Registered<ProcessorRow> row({
    .option = "eta_cutoff",
    .part = ChainPart::warper,
    .place = 1000,
    .order_names = {"eta_cutoff"},
    .truncates = true,
    .keeps_best = true,
    .is_on = [](const auto& c, const auto&) { return c.eta_cutoff != 0; },
    .make = [](const auto& c,
               const auto& setup) { return made<EtaCutoff>(c.eta_cutoff, min_tokens_to_keep(c, setup)); },
});

}  // namespace
}  // namespace decant
