#include "processors/adaptive_p.h"

#include "base/error.h"
#include "processors/row.h"

namespace decant {
namespace {

const Registered<ProcessorRow> row({
    .option = "adaptive_target",
    .part = ChainPart::warper,
    .place = 1200,
    .order_names = {"adaptive_p"},
    .truncates = true,
    .raises = [](const auto&) { return true; },
    .is_on = [](const auto& c, const auto&) { return c.adaptive_target.has_value(); },
    .make = [](const auto& c, const auto&) { return made<AdaptiveP>(*c.adaptive_target, c.adaptive_decay); },
});

}  // namespace

AdaptiveP::AdaptiveP(double target, double decay) : target_(target), decay_(decay) {
  if (!(target >= 0 && target <= 1)) {
    throw Error(ErrorKind::usage, "adaptive_target is {}: it must lie between 0 and 1", target);
  }
  if (!(decay >= 0 && decay <= .99)) {
    throw Error(ErrorKind::usage, "adaptive_decay is {}: it must lie between 0 and 0.99", decay);
  }
}

void AdaptiveP::operator()(Scores& scores, const Context& context) const {
  assert(context.state);
  const auto& state = static_cast<const AdaptivePState&>(*context.state);
  const double aim = std::clamp(2 * target_ - state.sum / state.weight, 0.0, 1.0);
  scores.mark();
  const double log_total = scores.log_total();
  scores.rewrite([&](Token, float score) {
    const double p = std::exp(score - log_total);
    const double x = std::abs(p - aim) / .3;
    return static_cast<float>(5 - 10 * x * x / (1 + x));
  });
}

StatePtr AdaptiveP::start() const { return std::make_shared<AdaptivePState>(target_ / (1 - decay_), 1 / (1 - decay_)); }

double AdaptiveP::observe(Scores& scores, Token token) const { return scores.marked_probability(token); }

StatePtr AdaptiveP::next(const ProcessorState& state, Token, double p) const {
  const auto& now = static_cast<const AdaptivePState&>(state);
  return std::make_shared<AdaptivePState>(p + decay_ * now.sum, 1 + decay_ * now.weight);
}

}  // namespace decant
