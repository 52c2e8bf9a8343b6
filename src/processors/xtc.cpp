// XTC (exclude top choices): with the given probability, of several tokens that are good enough only the least likely
// one stays, and everything below it.
//
// Good enough is p >= threshold. context.u is the coin: it acts if u <= probability. Nothing happens where fewer than
// two tokens are good enough, or fewer than min_tokens_to_keep would be left; a threshold above 0.5 leaves no two.
// Source: text-generation-webui, pull request 6335. Equals libllama's xtc sampler. Deviations: of equal tokens the
// lower ids go first (there, whichever its sort puts first); the coin is not tied to the draw of the token (there, both
// streams of random numbers begin with the same seed).

#include "processors/min_tokens_to_keep.h"
#include "processors/row.h"

namespace decant {
namespace {

class Xtc final : public Processor {
 public:
  Xtc(double probability, double threshold, int min_tokens_to_keep)
      : probability_(probability), threshold_(threshold), min_tokens_to_keep_(min_tokens_to_keep) {
    if (!(probability >= 0 && probability <= 1)) {
      throw Error(ErrorKind::usage, "xtc_probability is {}: it must lie between 0 and 1", probability);
    }
    if (!(threshold >= 0 && threshold <= 1)) {
      throw Error(ErrorKind::usage, "xtc_threshold is {}: it must lie between 0 and 1", threshold);
    }
  }

  std::string_view name() const override { return "xtc_probability"; }
  void operator()(Scores& scores, const Context& context) const override {
    if (probability_ == 0 || threshold_ > .5 || context.u > probability_) return;
    const auto threshold = static_cast<float>(scores.log_total() + std::log(threshold_));
    int good = 0;
    scores.for_each([&](Token, float score) { good += score >= threshold; });
    if (good >= 2 && scores.kept() - (good - 1) >= min_tokens_to_keep_) scores.drop_best(good - 1);
  }

 private:
  double probability_;
  double threshold_;
  int min_tokens_to_keep_;
};

const Registered<ProcessorRow> row({
    .option = "xtc_probability",
    .part = ChainPart::warper,
    .place = 1100,
    .order_names = {"xtc"},
    .truncates = true,
    .is_on = [](const auto& c, const auto&) { return c.xtc_probability > 0; },
    .make =
        [](const auto& c, const auto& setup) {
          return made<Xtc>(c.xtc_probability, c.xtc_threshold, min_tokens_to_keep(c, setup));
        },
});

}  // namespace
}  // namespace decant
