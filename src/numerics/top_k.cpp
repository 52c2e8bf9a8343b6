#include "numerics/top_k.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>

#include "numerics/maximum.h"
#include "numerics/multiversion.h"

namespace decant {
namespace {

constexpr float lowest = std::numeric_limits<float>::lowest();
constexpr std::size_t few = 256;  // up to here comparison sorting is the faster one

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

  // Scores not below the threshold in any order; gives up at `few`.
  bool collect_few(float threshold, std::vector<Candidate>& found) const {
    found.clear();
    for (std::size_t part = 0; part < count_; ++part) {
      if (maxima_[part] < threshold) continue;
      const std::size_t begin = part / lanes * rows_ * lanes + part % lanes;
      const std::size_t end = std::min(scores_.size(), begin + rows_ * lanes);
      for (std::size_t i = begin; i < end; i += lanes) {
        if (scores_[i] >= threshold) found.push_back({static_cast<Token>(i), scores_[i]});
      }
      if (found.size() > few) return false;
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

// Falls as the score rises; equal for equal scores (-0 and +0).
std::uint32_t falling_key(float score) {
  const auto bits = std::bit_cast<std::uint32_t>(score + 0.f);
  return bits >> 31 ? bits : bits ^ 0x7fffffff;
}

// Least significant digit first: stable, so rising ids stay rising among equals.
void radix_sort(std::vector<Candidate>& list) {
  const std::size_t n = list.size();
  std::array<std::array<std::uint32_t, 256>, 4> starts{};
  for (const Candidate& c : list) {
    for (int digit = 0; digit < 4; ++digit) ++starts[digit][falling_key(c.score) >> (8 * digit) & 255];
  }
  list.resize(2 * n);  // the upper half is the other buffer
  Candidate* from = list.data();
  Candidate* to = from + n;
  for (int digit = 0; digit < 4; ++digit, std::swap(from, to)) {
    std::uint32_t sum = 0;
    for (std::uint32_t& start : starts[digit]) sum += std::exchange(start, sum);
    for (std::size_t i = 0; i < n; ++i) to[starts[digit][falling_key(from[i].score) >> (8 * digit) & 255]++] = from[i];
  }
  list.resize(n);
}

}  // namespace

void rank(std::vector<Candidate>& list) {
  if (list.size() <= few) {
    std::sort(list.begin(), list.end(), ranks_before);
  } else {
    radix_sort(list);
  }
}

void cut_after_ties(std::vector<Candidate>& ranked, int k) {
  if (ranked.size() <= static_cast<std::size_t>(k)) return;
  const float kth = ranked[k - 1].score;
  ranked.erase(std::find_if(ranked.begin() + k, ranked.end(), [kth](const Candidate& c) { return c.score < kth; }),
               ranked.end());
}

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
