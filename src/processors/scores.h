// One next-token distribution on its way through the processors: a score per token, and softmax(scores) is the law.
//
// -infinity means removed. Scores start dense, in vocabulary order. The first truncation leaves a ranked list (falling
// score, equal scores by rising id), and from then on nothing looks at the whole vocabulary again; only keep_typical()
// may leave them dense, and what is about single tokens does. Buffers are kept from step to step. Probabilities are
// always those of the tokens that are left: a truncation re-normalises by itself.
#pragma once

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/token.h"
#include "numerics/gumbel.h"
#include "numerics/log_sum_exp.h"
#include "numerics/rank.h"

namespace decant {

// A token in a race (numerics/gumbel.h).
struct Racer {
  Token id = -1;
  float score = 0;
  double noise = 0;

  double sum() const { return score + noise; }
};

class Scores {
 public:
  // Starts over with a copy of the logits, less `shift`. Throws Error(internal) if one is NaN or +infinity.
  void reset(std::span<const float> logits, float shift = 0);

  // The same without looking for the maximum and for what is no score: `sum` is the logits' own, and valid.
  // `log_probabilities`: the shift is the sum, so that the scores begin as the model's log-probabilities.
  void reset(std::span<const float> logits, const LogSum& sum, bool log_probabilities = false);

  int n_vocab() const { return static_cast<int>(dense_.size()); }

  // For processors.

  // Divides every score. A divisor so small that the best score would overflow is applied to score - max instead.
  void divide(float divisor);

  // score = f(score), f(id, score) or f(id, score, how often `ids` has it), once for every distinct token of `ids` that
  // is left; -infinity removes it.
  template <class F>
  void edit(std::span<const Token> ids, F f);

  // score = f(id, score) for every token that is left; -infinity removes it.
  template <class F>
  void rewrite(F f);

  // Only the tokens of `ids` are left, or back, each with score 0.
  void force(std::span<const Token> ids);

  // Keeps the tokens that satisfy keep(id, score).
  template <class P>
  void keep_if(P keep) {
    rewrite([&keep](Token id, float score) { return keep(id, score) ? score : removed; });
  }

  // Keeps the k best, and what ties with the k-th.
  void keep_top(int k);

  // Keeps the n best: of equal scores the lower ids.
  void keep_best(int n);

  // Removes the n best: of equal scores the lower ids.
  void drop_best(int n);

  // Keeps a token if the probability ranked strictly before it is below p, and the min_keep best anyway.
  void keep_mass(double p, int min_keep);

  // Keeps a token if its score is not below the threshold, and the min_keep best anyway.
  void keep_at_least(float threshold, int min_keep);

  // Keeps a token if the logarithm of its probability is not below log_p, the min_keep best, and what ties with them.
  void keep_probable(double log_p, int min_keep);

  // Keeps the tokens whose scores are nearest to the expected score until they have the mass p, whatever is as near as
  // the last of them, and the min_keep nearest anyway.
  void keep_typical(double p, int min_keep);

  // Keeps a copy of what is left now, beside what becomes of it, until the next mark() or reset().
  void mark();

  // For readers. (Not const: what they find is kept.)

  // f(id, score) for every token that is left, in no particular order.
  template <class F>
  void for_each(F f);

  float max();  // -infinity when no token is left
  float score(Token id);
  double probability(Token id);
  double log_probability(Token id);
  double log_total();           // ln Σ e^score; -infinity when no token is left
  double entropy();             // nats
  double standard_deviation();  // of the scores
  int kept();

  // The token's probability when mark() was called; 0 for one that was not left.
  double marked_probability(Token id) const;

  // The m likeliest tokens, or all that are left; valid until the next call.
  std::span<const Candidate> top(int m);

  // All scores in vocabulary order.
  void copy_to(std::span<float> out);

  // The likeliest token, the first of equals. Throws Error(internal) when no token is left.
  Token argmax();

  // The n tokens whose scores and noise add up to the most, or all that are left; the winner first, of equal sums the
  // likelier, then the lower id. The winner is a draw from the distribution, the n are n draws without replacement.
  // Valid until the next race. Throws as argmax().
  std::span<const Racer> race(int n, const GumbelNoise& noise);

 private:
  static constexpr float removed = -std::numeric_limits<float>::infinity();

  // +infinity is no score: the largest number is.
  static float checked(float score) {
    assert(!std::isnan(score));
    return std::min(score, std::numeric_limits<float>::max());
  }

  void begin(std::span<const float> logits, float max, float shift);

  // The i-th best, null when fewer are left. `share`: how much of the mass behind the ones ranked so far is going to be
  // looked for.
  const Candidate* ranked(int i, double share);
  void grow(int i, double share);
  void rank_first(int n);
  void cut(int n);  // keeps the n best, which have been ranked
  void settle();    // carries out the pending division
  void set(Token id, float score);
  void rerank();
  void require_some();
  const ExpSum& sums();
  double weight(const Candidate& c) { return std::exp(double{c.score} - max()); }

  std::vector<float> dense_;
  float divisor_ = 1;              // pending: the scores are dense_ / divisor_
  std::optional<float> max_;       // of dense_
  std::vector<Candidate> ranked_;  // the beginning of the ranking, as far as it is known
  bool all_ranked_ = false;        // ranked_ holds every token that is left, and dense_ is out of date
  std::optional<ExpSum> sums_;
  std::vector<int> counts_;    // by token; scratch of edit(): all 0 between calls
  std::vector<Racer> racers_;  // of the last race
  GumbelNoise::Survivors survivors_;
  std::vector<Candidate> marked_;  // by mark(), with the total of that moment
  double marked_total_ = 0;
};

template <class F>
void Scores::edit(std::span<const Token> ids, F f) {
  const auto edited = [&f](Token id, float score, [[maybe_unused]] int count) {
    if constexpr (std::is_invocable_v<F, Token, float, int>) {
      return checked(f(id, score, count));
    } else if constexpr (std::is_invocable_v<F, Token, float>) {
      return checked(f(id, score));
    } else {
      return checked(f(score));
    }
  };
  for (const Token id : ids) ++counts_[id];
  if (all_ranked_) {
    for (Candidate& c : ranked_) {
      if (counts_[c.id] > 0) c.score = edited(c.id, c.score, counts_[c.id]);
    }
    rerank();
    for (const Token id : ids) counts_[id] = 0;
  } else {
    settle();
    for (const Token id : ids) {
      const int count = std::exchange(counts_[id], 0);
      if (count > 0 && dense_[id] > removed) set(id, edited(id, dense_[id], count));
    }
    ranked_.clear();
  }
  sums_.reset();
}

template <class F>
void Scores::rewrite(F f) {
  if (all_ranked_) {
    for (Candidate& c : ranked_) c.score = checked(f(c.id, c.score));
    rerank();
  } else {
    settle();
    for (Token id = 0; id < n_vocab(); ++id) {
      if (dense_[id] > removed) dense_[id] = checked(f(id, dense_[id]));
    }
    max_.reset();
    ranked_.clear();
  }
  sums_.reset();
}

template <class F>
void Scores::for_each(F f) {
  if (all_ranked_) {
    for (const Candidate& c : ranked_) f(c.id, c.score);
  } else {
    settle();
    for (Token id = 0; id < n_vocab(); ++id) {
      if (dense_[id] > removed) f(id, dense_[id]);
    }
  }
}

}  // namespace decant
