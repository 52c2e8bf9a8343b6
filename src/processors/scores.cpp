#include "processors/scores.h"

#include <algorithm>

#include "base/error.h"
#include "numerics/maximum.h"
#include "numerics/multiversion.h"
#include "numerics/top_k.h"

namespace decant {
namespace {

DECANT_MULTIVERSION
void shift_and_divide(std::span<float> scores, float shift, float divisor) {
  for (float& score : scores) score = (score - shift) / divisor;
}

}  // namespace

void Scores::reset(std::span<const float> logits) {
  const Scan found = scan(logits);
  if (!found.valid) {
    throw Error(ErrorKind::internal,
                "the model returned a logit that is NaN or infinite: its file is damaged, or its numbers overflow");
  }
  dense_.assign(logits.begin(), logits.end());
  marked_.resize(logits.size());
  divisor_ = 1;
  max_ = found.max;
  ranked_.clear();
  all_ranked_ = false;
  sums_.reset();
}

void Scores::settle() {
  if (divisor_ == 1) return;
  shift_and_divide(dense_, 0, divisor_);
  if (max_) *max_ /= divisor_;
  divisor_ = 1;
}

void Scores::divide(float divisor) {
  assert(divisor > 0);
  const float best = max();
  if (best == removed) return;
  const float shift = std::isfinite(best / divisor) ? 0 : best;
  if (all_ranked_) {
    for (Candidate& c : ranked_) c.score = (c.score - shift) / divisor;
    rerank();
  } else if (shift != 0) {
    settle();
    shift_and_divide(dense_, shift, divisor);
    max_ = 0;
    ranked_.clear();
  } else {
    settle();
    divisor_ = divisor;
    ranked_.clear();
  }
  sums_.reset();
}

void Scores::keep_top(int k) {
  assert(k > 0);
  if (k >= n_vocab()) return;
  if (all_ranked_) {
    cut_after_ties(ranked_, k);
  } else {
    top_k_with_ties(dense_, divisor_, k, ranked_);
    all_ranked_ = true;
  }
  sums_.reset();
}

void Scores::keep_mass(double p, int min_keep) {
  const double total = sums().sum;
  double before = 0;
  int n = 0;
  for (const Candidate* c; (n < min_keep || before < p) && (c = ranked(n, (p - before) / (1 - before))); ++n) {
    // A float, as Hugging Face's: then .5 + .25 reaches .75 although no float is the logarithm of a half.
    before += static_cast<float>(weight(*c) / total);
  }
  cut(n);
}

void Scores::keep_at_least(float threshold, int min_keep) {
  if (threshold == removed) return;
  if (!all_ranked_) {
    settle();
    select_at_least(dense_, threshold, ranked_);
    if (std::ssize(ranked_) < min_keep) top_k(dense_, min_keep, ranked_);
    all_ranked_ = true;
    sums_.reset();
  } else {
    const auto end = std::partition_point(ranked_.begin(), ranked_.end(),
                                          [threshold](const Candidate& c) { return c.score >= threshold; });
    cut(std::max(static_cast<int>(end - ranked_.begin()), std::min(min_keep, static_cast<int>(ranked_.size()))));
  }
}

float Scores::max() {
  if (all_ranked_) return ranked_.empty() ? removed : ranked_.front().score;
  if (!max_) max_ = scan(dense_).max;
  return *max_ / divisor_;
}

float Scores::score(Token id) {
  if (!all_ranked_) return dense_[id] / divisor_;
  const auto found = std::find_if(ranked_.begin(), ranked_.end(), [id](const Candidate& c) { return c.id == id; });
  return found == ranked_.end() ? removed : found->score;
}

double Scores::probability(Token id) { return std::exp(log_probability(id)); }

double Scores::log_probability(Token id) {
  const float own = score(id);
  if (own == removed) return removed;
  return double{own} - max() - std::log(sums().sum);
}

double Scores::entropy() { return sums().entropy(); }

int Scores::kept() {
  if (all_ranked_) return static_cast<int>(ranked_.size());
  settle();
  return static_cast<int>(std::count_if(dense_.begin(), dense_.end(), [](float score) { return score > removed; }));
}

std::span<const Candidate> Scores::top(int m) {
  if (std::ssize(ranked_) < m && !all_ranked_) {
    settle();
    rank_first(m);
  }
  return std::span<const Candidate>(ranked_).first(std::min(ranked_.size(), static_cast<std::size_t>(m)));
}

void Scores::copy_to(std::span<float> out) {
  assert(out.size() == dense_.size());
  if (!all_ranked_) {
    settle();
    std::copy(dense_.begin(), dense_.end(), out.begin());
    return;
  }
  std::fill(out.begin(), out.end(), removed);
  for (const Candidate& c : ranked_) out[c.id] = c.score;
}

Token Scores::argmax() {
  require_some();
  if (all_ranked_) return ranked_.front().id;
  settle();
  return decant::argmax(dense_);
}

Token Scores::draw(double u) {
  assert(0 <= u && u < 1);
  require_some();
  const double total = sums().sum;
  const double target = u * total;
  double mass = 0;
  Token token = -1;
  for (int i = 0; const Candidate* c = ranked(i, (target - mass) / (total - mass)); ++i) {
    const double own = weight(*c);
    if (own == 0) break;
    token = c->id;
    mass += own;
    if (target < mass) break;
  }
  return token;  // the loop runs out only where the two ways to add up the mass differ in their last digits
}

const Candidate* Scores::ranked(int i, double share) {
  if (i >= std::ssize(ranked_) && !all_ranked_) grow(i, share);
  return i < std::ssize(ranked_) ? &ranked_[i] : nullptr;
}

// Most distributions have nearly all of their mass in the first few; for the others a sample tells how far to go.
void Scores::grow(int i, double share) {
  constexpr int first_step = 64;
  settle();
  if (i < first_step) return rank_first(first_step);
  const float threshold = guess_threshold(dense_, ranked_.back().score, 2 * i, share);
  select_at_least(dense_, threshold, ranked_);
  all_ranked_ = threshold == removed;
}

void Scores::rank_first(int n) {
  leading(dense_, n, ranked_);
  all_ranked_ = std::ssize(ranked_) < n || n == n_vocab();
}

void Scores::cut(int n) {
  if (all_ranked_ && n == std::ssize(ranked_)) return;
  ranked_.resize(n);
  all_ranked_ = true;
  sums_.reset();
}

void Scores::set(Token id, float score) {
  if (max_ && score >= *max_) {
    max_ = score;
  } else if (dense_[id] == max_) {
    max_.reset();
  }
  dense_[id] = score;
}

void Scores::rerank() {
  std::erase_if(ranked_, [](const Candidate& c) { return c.score == removed; });
  if (!std::is_sorted(ranked_.begin(), ranked_.end(), ranks_before)) {
    std::sort(ranked_.begin(), ranked_.end(), ranks_before);
  }
}

void Scores::require_some() {
  if (max() == removed) throw Error(ErrorKind::internal, "no token is left to choose from: every score is -infinity");
}

const ExpSum& Scores::sums() {
  if (sums_) return *sums_;
  sums_.emplace();
  const float best = max();
  if (best == removed) return *sums_;
  if (!all_ranked_) {
    settle();
    sums_ = exp_sum(dense_, best);
    return *sums_;
  }
  for (const Candidate& c : ranked_) {
    const double x = double{c.score} - best;
    const double e = std::exp(x);
    sums_->sum += e;
    sums_->weighted += x * e;
  }
  return *sums_;
}

}  // namespace decant
