// Top-n-sigma: tokens at most n standard deviations below the best score.
//
// A token stays if score >= max - n * sigma, sigma being the standard deviation (of a population) of all scores that
// are left. Scores that are all divided by a temperature keep the same tokens.
// Source: Tang et al., "Top-nσ: Not All Logits Are You Need", 2024. Equals libllama's top-n-sigma sampler. Deviation:
// sums are double; single precision there, in which the deviation of a large vocabulary has three or four digits.

#include "processors/row.h"

namespace decant {
namespace {

class TopNSigma final : public Processor {
 public:
  explicit TopNSigma(double n) : n_(n) {
    if (!(n >= 0 && std::isfinite(n))) throw Error(ErrorKind::usage, "top_n_sigma is {}: it must be 0 or more", n);
  }

  std::string_view name() const override { return "top_n_sigma"; }
  void operator()(Scores& scores, const Context&) const override {
    if (n_ > 0) scores.keep_at_least(static_cast<float>(scores.max() - n_ * scores.standard_deviation()), 1);
  }

 private:
  double n_;
};

const Registered<ProcessorRow> row({
    .option = "top_n_sigma",
    .part = ChainPart::warper,
    .place = 100,
    .order_names = {"top_n_sigma"},
    .truncates = true,
    .keeps_best = true,
    .is_on = [](const auto& c, const auto&) { return c.top_n_sigma > 0; },
    .make = [](const auto& c, const auto&) { return made<TopNSigma>(c.top_n_sigma); },
});

}  // namespace
}  // namespace decant
