#include "numerics/top_k.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <functional>
#include <limits>

#include "numerics/maximum.h"
#include "numerics/multiversion.h"

namespace decant {
namespace {

constexpr float lowest = std::numeric_limits<float>::lowest();

// The scores cut into at most 1024 parts (column_maxima) with the maximum of each.
class Parts {
 public:
  explicit Parts(std::span<const float> scores)
      : scores_(scores),
        rows_(std::max<std::size_t>(1, (scores.size() + maxima_.size() - lanes - 1) / (maxima_.size() - lanes))),
        count_(column_maxima(scores, rows_, maxima_)) {}

  // A lower bound of the k-th largest score that hardly more than k scores reach: the k-th largest maximum.
  float bound(std::size_t k) const {
    if (k > count_) return lowest;
    std::array<float, 1024> order = maxima_;
    std::size_t n = count_;
    for (; n % 2 == 0 && n / 2 >= 4 * k; n /= 2) {  // fewer and larger parts do as well, and are sorted out sooner
      for (std::size_t i = 0; i < n / 2; ++i) order[i] = std::max(order[i], order[i + n / 2]);
    }
    std::nth_element(order.begin(), order.begin() + (k - 1), order.begin() + n, std::greater<>());
    return std::max(order[k - 1], lowest);
  }

  // Scores not below the threshold in any order; gives up when they are no short list.
  bool collect_few(float threshold, std::vector<Candidate>& found) const {
    found.clear();
    for (std::size_t part = 0; part < count_; ++part) {
      if (maxima_[part] < threshold) continue;
      const std::size_t begin = part / lanes * rows_ * lanes + part % lanes;
      const std::size_t end = std::min(scores_.size(), begin + rows_ * lanes);
      for (std::size_t i = begin; i < end; i += lanes) {
        if (scores_[i] >= threshold) found.push_back({static_cast<Token>(i), scores_[i]});
      }
      if (found.size() > short_list) return false;
    }
    return true;
  }

 private:
  std::span<const float> scores_;
  std::array<float, 1024> maxima_;
  std::size_t rows_;
  std::size_t count_;
};

// Scores not below the threshold by rising id. Without a branch per score: with many found, none could be predicted.
void collect_many(std::span<const float> scores, float threshold, std::vector<Candidate>& found) {
  std::array<Candidate, 512> chunk;
  found.clear();
  for (std::size_t begin = 0; begin < scores.size(); begin += chunk.size()) {
    const std::size_t end = std::min(scores.size(), begin + chunk.size());
    std::size_t size = 0;
    for (std::size_t i = begin; i < end; ++i) {
      chunk[size] = {static_cast<Token>(i), scores[i]};
      size += scores[i] >= threshold;
    }
    found.insert(found.end(), chunk.begin(), chunk.begin() + size);
  }
}

void collect(const Parts& parts, std::span<const float> scores, float threshold, std::vector<Candidate>& found) {
  if (!parts.collect_few(threshold, found)) collect_many(scores, threshold, found);
}

}  // namespace

void leading(std::span<const float> scores, int k, std::vector<Candidate>& found) {
  assert(k > 0);
  const Parts parts(scores);
  collect(parts, scores, parts.bound(k), found);
  rank(found);
}

void top_k(std::span<const float> scores, int k, std::vector<Candidate>& found) {
  leading(scores, k, found);
  if (found.size() > static_cast<std::size_t>(k)) found.resize(k);
}

void top_k_with_ties(std::span<const float> scores, float divisor, int k, std::vector<Candidate>& found) {
  assert(k > 0 && divisor > 0);
  const Parts parts(scores);
  const float bound = parts.bound(k);
  // Different scores can have equal quotients, but none as far from the bound as this:
  using limits = std::numeric_limits<float>;
  const float slack = 4 * limits::epsilon() * std::abs(bound) + divisor * limits::min();
  collect(parts, scores, std::max(lowest, bound - slack), found);
  for (Candidate& c : found) c.score /= divisor;
  std::erase_if(found, [](const Candidate& c) { return c.score < lowest; });  // fell out of range
  rank(found);
  cut_after_ties(found, k);
}

float guess_threshold(std::span<const float> scores, float below, int count, double share) {
  std::array<float, 512> sample;
  const std::size_t stride = scores.size() / sample.size() + 1;
  std::size_t size = 0;
  for (std::size_t i = 0; i < scores.size(); i += stride) {
    if (scores[i] >= lowest && scores[i] < below) sample[size++] = scores[i];
  }
  std::sort(sample.begin(), sample.begin() + size, std::greater<>());

  std::array<double, 512> gathered;
  double mass = 0;
  for (std::size_t i = 0; i < size; ++i) gathered[i] = mass += std::exp(double{sample[i]} - sample[0]);
  const double cautious_share = share + (1 - share) / 8;
  for (std::size_t i = 0; i < size; ++i) {
    if (gathered[i] >= cautious_share * mass && (i + 1) * stride >= static_cast<std::size_t>(count)) return sample[i];
  }
  return -std::numeric_limits<float>::infinity();
}

void select_at_least(std::span<const float> scores, float threshold, std::vector<Candidate>& found) {
  collect(Parts(scores), scores, std::max(lowest, threshold), found);
  rank(found);
}

}  // namespace decant
