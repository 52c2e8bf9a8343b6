// Top-p (nucleus): the likeliest tokens that together have the mass p. A token goes if those ranked before it reach p
// without it; the likeliest stays even at p = 0.
//
// Source: Holtzman et al., "The Curious Case of Neural Text Degeneration", ICLR 2020. Equals Hugging Face's
// TopPLogitsWarper. Deviation: of tokens with equal scores across the boundary the lower ids stay; there, whichever its
// unstable sort puts last.

#include "processors/min_tokens_to_keep.h"
#include "processors/row.h"

namespace decant {
namespace {

class TopP final : public Processor {
 public:
  TopP(double p, int min_tokens_to_keep) : p_(p), min_tokens_to_keep_(min_tokens_to_keep) {
    if (!(p >= 0 && p <= 1)) throw Error(ErrorKind::usage, "top_p is {}: it must lie between 0 and 1", p);
  }

  std::string_view name() const override { return "top_p"; }
  void operator()(Scores& scores, const Context&) const override {
    if (p_ < 1) scores.keep_mass(p_, min_tokens_to_keep_);
  }

 private:
  double p_;
  int min_tokens_to_keep_;
};

const Registered<ProcessorRow> row({
    .option = "top_p",
    .part = ChainPart::warper,
    .place = 600,
    .order_names = {"top_p"},
    .truncates = true,
    .keeps_best = true,
    .is_on = [](const auto& c, const auto&) { return c.top_p != 1; },
    .make = [](const auto& c, const auto& setup) { return made<TopP>(c.top_p, min_tokens_to_keep(c, setup)); },
});

}  // namespace
}  // namespace decant
