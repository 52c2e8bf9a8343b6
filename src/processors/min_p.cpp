// Min-p: tokens with at least min_p times the probability of the likeliest.
//
// p >= min_p * p_max is score >= max + ln(min_p): no exponential is needed.
// Source: Nguyen et al., "Turning Up the Heat: Min-p Sampling", ICLR 2025. Equals Hugging Face's MinPLogitsWarper.

#include "processors/min_tokens_to_keep.h"
#include "processors/row.h"

namespace decant {
namespace {

class MinP final : public Processor {
 public:
  MinP(double min_p, int min_tokens_to_keep) : log_min_p_(std::log(min_p)), min_tokens_to_keep_(min_tokens_to_keep) {
    if (!(min_p >= 0 && min_p <= 1)) throw Error(ErrorKind::usage, "min_p is {}: it must lie between 0 and 1", min_p);
  }

  std::string_view name() const override { return "min_p"; }
  void operator()(Scores& scores, const Context&) const override {
    // Rounded to a score, so that a token whose probability is exactly min_p * p_max stays.
    scores.keep_at_least(static_cast<float>(scores.max() + log_min_p_), min_tokens_to_keep_);
  }

 private:
  double log_min_p_;
  int min_tokens_to_keep_;
};

const Registered<ProcessorRow> row({
    .option = "min_p",
    .part = ChainPart::warper,
    .place = 700,
    .order_names = {"min_p"},
    .truncates = true,
    .keeps_best = true,
    .is_on = [](const auto& c, const auto&) { return c.min_p != 0; },
    .make = [](const auto& c, const auto& setup) { return made<MinP>(c.min_p, min_tokens_to_keep(c, setup)); },
});

}  // namespace
}  // namespace decant
