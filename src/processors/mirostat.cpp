#include "processors/mirostat.h"

#include <numbers>

#include "base/error.h"
#include "processors/row.h"

namespace decant {
namespace {

// The s of p ~ rank^-s. (ln (p_i / p_i+1) is a difference of scores.)
double zipf_exponent(std::span<const Candidate> best) {
  double products = 0, squares = 0;
  for (std::size_t i = 0; i + 1 < best.size(); ++i) {
    const double t = std::log(static_cast<double>(i + 2) / static_cast<double>(i + 1));
    products += t * (double{best[i].score} - best[i + 1].score);
    squares += t * t;
  }
  return products / squares;
}

// How many tokens to keep so that surprise is limited to mu bits, in a vocabulary of n whose likeliest are given.
int zipf_cut(std::span<const Candidate> best, double mu, int n) {
  if (best.size() < 2) return 1;
  const double s = zipf_exponent(best);
  const double e = s - 1;
  const double log_n = std::log(n);
  const double spread = e == 0 ? log_n : -std::expm1(-e * log_n) / e;  // (1 - n^-e) / e
  return static_cast<int>(std::clamp(std::pow(std::exp2(mu) / spread, 1 / s), 1.0, static_cast<double>(n)));
}

const Registered<ProcessorRow> row({
    .option = "mirostat",
    .part = ChainPart::warper,
    .place = 1300,
    .order_names = {"mirostat"},
    .is_on = [](const auto& c, const auto&) { return c.mirostat != 0; },
    .make =
        [](const auto& c, const auto& setup) {
          return made<Mirostat>(c.mirostat, c.mirostat_tau, c.mirostat_eta, setup.needed_vocab().size());
        },
});

}  // namespace

Mirostat::Mirostat(int version, double tau, double eta, int n_vocab)
    : version_(version), tau_(tau), eta_(eta), n_vocab_(n_vocab) {
  if (version != 1 && version != 2) throw Error(ErrorKind::usage, "mirostat is {}: it must be 1 or 2", version);
  if (!(tau >= 0 && std::isfinite(tau))) throw Error(ErrorKind::usage, "mirostat_tau is {}: it must be 0 or more", tau);
  if (!(eta >= 0 && std::isfinite(eta))) throw Error(ErrorKind::usage, "mirostat_eta is {}: it must be 0 or more", eta);
}

void Mirostat::operator()(Scores& scores, const Context& context) const {
  assert(context.state);
  const double mu = static_cast<const MirostatState&>(*context.state).mu;
  if (version_ == 1) {
    scores.keep_best(zipf_cut(scores.top(100), mu, n_vocab_));
  } else {
    scores.keep_at_least(static_cast<float>(scores.log_total() - mu * std::numbers::ln2), 1);
  }
}

StatePtr Mirostat::start() const { return std::make_shared<MirostatState>(2 * tau_); }

double Mirostat::observe(Scores& final_scores, Token token) const {
  return -final_scores.log_probability(token) / std::numbers::ln2;
}

StatePtr Mirostat::next(const ProcessorState& state, Token, double surprise) const {
  const double mu = static_cast<const MirostatState&>(state).mu;
  if (std::isinf(surprise)) return std::make_shared<MirostatState>(mu);  // a token that was not to be chosen
  return std::make_shared<MirostatState>(mu - eta_ * (surprise - tau_));
}

}  // namespace decant
