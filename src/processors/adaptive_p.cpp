#include "processors/adaptive_p.h"

#include "base/error.h"

namespace decant {

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
  const double log_total = scores.log_total();
  before_.clear();
  scores.rewrite([&](Token id, float score) {
    const double p = std::exp(score - log_total);
    before_.push_back({id, p});
    const double x = std::abs(p - aim) / .3;
    return static_cast<float>(5 - 10 * x * x / (1 + x));
  });
}

StatePtr AdaptiveP::start() const { return std::make_shared<AdaptivePState>(target_ / (1 - decay_), 1 / (1 - decay_)); }

double AdaptiveP::observe(Scores&, Token token) const {
  const auto found = std::find_if(before_.begin(), before_.end(), [token](const auto& own) { return own.id == token; });
  return found == before_.end() ? 0 : found->p;  // a token that was not to be chosen
}

StatePtr AdaptiveP::next(const ProcessorState& state, Token, double p) const {
  const auto& now = static_cast<const AdaptivePState&>(state);
  return std::make_shared<AdaptivePState>(p + decay_ * now.sum, 1 + decay_ * now.weight);
}

}  // namespace decant
