#include "strategies/verify.h"

#include <algorithm>

namespace decant {
namespace {

using Weights = std::vector<std::pair<Token, double>>;

// f(token, p) of everything, as weights; where rounding leaves none, p itself.
template <class F>
Weights weights_of(const Law& p, F f) {
  Weights weights;
  p.for_each([&](Token token, double its) { weights.emplace_back(token, f(token, its)); });
  const auto is_some = [](const auto& each) { return each.second > 0; };
  if (std::any_of(weights.begin(), weights.end(), is_some)) return weights;
  weights.clear();
  p.for_each([&](Token token, double its) { weights.emplace_back(token, its); });
  return weights;
}

// What is left of a target, as guesses are refused, and of the law that they are drawn from without replacement.
class Left {
 public:
  explicit Left(const Law& p) : target_(p), weights_(weights_of(p, [](Token, double its) { return its; })) {}

  double p(Token token) const {
    const auto before = [](const auto& each, Token other) { return each.first < other; };
    const auto found = std::lower_bound(weights_.begin(), weights_.end(), token, before);
    return found != weights_.end() && found->first == token ? found->second / total_ : 0;
  }

  double q(const Guessed& guess, Token token) const {
    if (!guess.q) return guess.q_of(token);
    const bool is_gone = std::find(gone_.begin(), gone_.end(), token) != gone_.end();
    return is_gone || gone_mass_ >= 1 ? 0 : guess.q->p(token) / (1 - gone_mass_);
  }

  void refuse(const Guessed& guess) {
    double total = 0;
    for (auto& [token, weight] : weights_) {
      weight = std::max(weight / total_ - q(guess, token), 0.0);
      total += weight;
    }
    total_ = total;
    if (total == 0) {
      weights_ = weights_of(target_, [](Token, double its) { return its; });
      total_ = 1;
    }
    if (!guess.q) return;
    gone_.push_back(guess.token);
    gone_mass_ += guess.q->p(guess.token);
  }

  const Weights& weights() const { return weights_; }

 private:
  const Law& target_;
  Weights weights_;
  double total_ = 1;
  std::vector<Token> gone_;
  double gone_mass_ = 0;
};

}  // namespace

Verdict verify_place(const Law& p, std::span<const Guessed> guesses, Chance& chance) {
  Left left(p);
  Verdict verdict;
  for (const Guessed& guess : guesses) {
    Trial trial{.token = guess.token, .p = left.p(guess.token), .q = left.q(guess, guess.token)};
    trial.chance = trial.p >= trial.q ? 1 : trial.p / trial.q;
    trial.kept = chance.happens(trial.chance);
    verdict.trials.push_back(trial);
    if (trial.kept) {
      verdict.kept = static_cast<int>(verdict.trials.size());
      return verdict;
    }
    left.refuse(guess);
  }
  verdict.next = chance.pick(left.weights());
  return verdict;
}

Verdict verify_block(std::span<const Law> p, std::span<const Guessed> guesses, Chance& chance) {
  Verdict verdict;
  double ratio = 1;       // P_i: of the target's probability of the first i guesses over the draft's, at most 1
  double kept_ratio = 1;  // P of those that are kept
  for (std::size_t i = 0; i < guesses.size(); ++i) {
    const Guessed& guess = guesses[i];
    Trial trial{.token = guess.token, .p = p[i].p(guess.token), .q = guess.q_of(guess.token)};
    ratio = std::min(ratio * trial.p / trial.q, 1.0);
    trial.chance = ratio;
    if (i + 1 < guesses.size()) {
      double excess = 0;  // Z
      p[i + 1].for_each(
          [&](Token token, double its) { excess += std::max(ratio * its - guesses[i + 1].q_of(token), 0.0); });
      const double all = excess + 1 - ratio;
      trial.chance = all > 0 ? excess / all : 1;
    }
    trial.kept = chance.happens(trial.chance);  // the last that passes counts, whatever became of those before it
    if (trial.kept) verdict.kept = static_cast<int>(i) + 1;
    if (trial.kept) kept_ratio = ratio;
    verdict.trials.push_back(trial);
  }
  if (verdict.kept == std::ssize(guesses)) return verdict;
  const auto kept = static_cast<std::size_t>(verdict.kept);
  verdict.next = chance.pick(weights_of(
      p[kept], [&](Token token, double its) { return std::max(kept_ratio * its - guesses[kept].q_of(token), 0.0); }));
  return verdict;
}

}  // namespace decant
