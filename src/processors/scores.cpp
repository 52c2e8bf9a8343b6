#include "processors/scores.h"

#include <algorithm>

#include "base/error.h"
#include "numerics/deviation.h"
#include "numerics/maximum.h"
#include "numerics/multiversion.h"
#include "numerics/radius_of_mass.h"
#include "numerics/top_k.h"

namespace decant {
namespace {

DECANT_MULTIVERSION
void shift_and_divide(std::span<float> scores, float shift, float divisor) {
  for (float& score : scores) score = (score - shift) / divisor;
}

DECANT_MULTIVERSION
void remove_beyond(std::span<float> scores, float centre, float radius) {
  constexpr float removed = -std::numeric_limits<float>::infinity();
  for (float& score : scores) score = std::abs(score - centre) <= radius ? score : removed;
}

// The n first of a race so far, in a list that is kept in order.
class Leaders {
 public:
  Leaders(int n, const Candidate& likeliest, const GumbelNoise& noise, std::vector<Racer>& list)
      : n_(n), likeliest_(likeliest), noise_(noise), list_(list) {
    assert(n > 0);
    list_ = {{likeliest.id, likeliest.score, noise(likeliest.id)}};
  }

  // What score + noise must reach to be among them.
  double bar() const {
    return std::ssize(list_) < n_ ? -std::numeric_limits<double>::infinity()
                                  : likeliest_.score + relative(list_.back());
  }

  void enter(const Candidate& candidate) {
    if (candidate.id == likeliest_.id) return;
    const Racer racer{candidate.id, candidate.score, noise_(candidate.id)};
    const auto leads = [this](const Racer& a, const Racer& b) {
      const double ahead = relative(a) - relative(b);
      return ahead != 0 ? ahead > 0 : ranks_before({a.id, a.score}, {b.id, b.score});
    };
    list_.insert(std::upper_bound(list_.begin(), list_.end(), racer, leads), racer);
    if (std::ssize(list_) > n_) list_.pop_back();
  }

 private:
  // Beside a score of 1e20 noise would be rounded away, and equal scores would not be drawn from.
  double relative(const Racer& racer) const { return double{racer.score} - likeliest_.score + racer.noise; }

  int n_;
  Candidate likeliest_;
  const GumbelNoise& noise_;
  std::vector<Racer>& list_;
};

}  // namespace

void Scores::reset(std::span<const float> logits, float shift) {
  const Scan found = scan(logits);
  if (!found.valid) {
    throw Error(ErrorKind::internal,
                "the model returned a logit that is NaN or infinite: its file is damaged, or its numbers overflow");
  }
  begin(logits, found.max, shift);
}

void Scores::reset(std::span<const float> logits, const LogSum& sum, bool log_probabilities) {
  assert(sum.valid);
  begin(logits, sum.max, log_probabilities ? static_cast<float>(sum.value) : 0);
}

void Scores::begin(std::span<const float> logits, float max, float shift) {
  dense_.assign(logits.begin(), logits.end());
  counts_.resize(logits.size());
  divisor_ = 1;
  max_ = max;
  if (shift != 0) {
    shift_and_divide(dense_, shift, 1);
    *max_ -= shift;
  }
  ranked_.clear();
  all_ranked_ = false;
  sums_.reset();
  marked_.clear();
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

void Scores::force(std::span<const Token> ids) {
  ranked_.clear();
  for (const Token id : ids) ranked_.push_back({id, 0});
  rerank();
  const auto same = [](const Candidate& a, const Candidate& b) { return a.id == b.id; };
  ranked_.erase(std::unique(ranked_.begin(), ranked_.end(), same), ranked_.end());
  all_ranked_ = true;
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

void Scores::keep_best(int n) {
  assert(n > 0);
  if (std::ssize(ranked_) < n && !all_ranked_) {
    settle();
    rank_first(n);
  }
  cut(std::min(n, static_cast<int>(ranked_.size())));
}

void Scores::drop_best(int n) {
  if (n <= 0) return;
  if (all_ranked_) {
    ranked_.erase(ranked_.begin(), ranked_.begin() + std::min(n, static_cast<int>(ranked_.size())));
  } else {
    const std::vector<Candidate> best(top(n).begin(), top(n).end());
    for (const Candidate& c : best) dense_[c.id] = removed;
    max_.reset();
    ranked_.clear();
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

void Scores::keep_probable(double log_p, int min_keep) {
  const auto threshold = static_cast<float>(log_total() + log_p);
  const std::span<const Candidate> best = top(min_keep);
  if (!best.empty()) keep_at_least(std::min(threshold, best.back().score), 1);
}

// Nearest to the expected score is a stretch of the ranking: it grows from the middle to whichever side is nearer. A
// whole vocabulary is not ranked for that, as the stretch may be most of it.
void Scores::keep_typical(double p, int min_keep) {
  if (max() == removed) return;
  const ExpSum total = sums();
  const double expected = max() + total.weighted / total.sum;
  if (!all_ranked_ && dense_.size() > short_list && min_keep == 1) {
    const auto centre = static_cast<float>(expected);
    const float radius = radius_of_mass(dense_, max(), centre, p * total.sum);
    remove_beyond(dense_, centre, radius);
    max_.reset();
    ranked_.clear();
    sums_.reset();
    return;
  }
  int end = 0;
  for (const Candidate* c; (c = ranked(end, p)) && c->score >= expected; ++end) {
  }
  int begin = end;
  const auto distance = [&](int i) {
    const Candidate* c = i < 0 ? nullptr : ranked(i, p);
    return c ? std::abs(c->score - expected) : std::numeric_limits<double>::infinity();
  };
  double mass = 0, farthest = 0;
  for (int n = 0;; ++n) {
    const double above = distance(begin - 1), below = distance(end);
    const double nearest = std::min(above, below);
    if (mass < p) {
      farthest = nearest;
    } else if (nearest > farthest && n >= min_keep) {
      break;
    }
    if (std::isinf(nearest)) break;
    const int taken = above <= below ? --begin : end++;
    mass += static_cast<float>(weight(ranked_[taken]) / total.sum);  // a float: see keep_mass()
  }
  cut(end);
  drop_best(begin);
}

void Scores::mark() {
  marked_.clear();
  marked_total_ = log_total();
  for_each([this](Token id, float score) { marked_.push_back({id, score}); });
}

double Scores::marked_probability(Token id) const {
  const auto found = std::find_if(marked_.begin(), marked_.end(), [id](const Candidate& c) { return c.id == id; });
  return found == marked_.end() ? 0 : std::exp(found->score - marked_total_);
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

double Scores::log_total() { return max() + std::log(sums().sum); }

double Scores::entropy() { return sums().entropy(); }

double Scores::standard_deviation() {
  const float best = max();
  if (best == removed) return 0;
  if (!all_ranked_) {
    settle();
    return decant::standard_deviation(dense_, best);
  }
  double sum = 0, squares = 0;
  for (const Candidate& c : ranked_) {
    const double difference = double{c.score} - best;
    sum += difference;
    squares += difference * difference;
  }
  const auto n = static_cast<double>(ranked_.size());
  return std::sqrt(std::max(0.0, squares / n - sum / n * (sum / n)));
}

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

// The likeliest token enters first, so that few others have to be looked at.
std::span<const Racer> Scores::race(int n, const GumbelNoise& noise) {
  constexpr std::size_t block = GumbelNoise::kBlock;
  const Candidate likeliest{argmax(), max()};
  Leaders leaders(n, likeliest, noise, racers_);
  const std::size_t size = all_ranked_ ? ranked_.size() : dense_.size();
  for (std::size_t begin = 0; begin < size; begin += block) {
    const std::size_t length = std::min(block, size - begin);
    survivors_.clear();
    if (all_ranked_) {
      noise.can_win(std::span<const Candidate>(ranked_).subspan(begin, length), leaders.bar(), survivors_);
    } else {
      noise.can_win(static_cast<Token>(begin), std::span<const float>(dense_).subspan(begin, length), leaders.bar(),
                    survivors_);
    }
    for (const std::size_t i : survivors_) {
      const std::size_t at = begin + i;
      leaders.enter(all_ranked_ ? ranked_[at] : Candidate{static_cast<Token>(at), dense_[at]});
    }
  }
  return racers_;
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
