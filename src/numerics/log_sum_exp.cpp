#include "numerics/log_sum_exp.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "numerics/fast_exp.h"
#include "numerics/maximum.h"
#include "numerics/multiversion.h"

namespace decant {
namespace {

constexpr double removed = -std::numeric_limits<double>::infinity();
constexpr std::size_t exact_up_to = 256;  // where the double version costs no more than a microsecond or two
constexpr std::size_t sum_block = 512;    // floats are added up over one block, blocks in double

ExpSum exact_exp_sum(std::span<const float> scores, float max) {
  ExpSum total;
  for (const float score : scores) {
    const double x = double{score} - max;
    const double e = std::exp(x);
    total.sum += e;
    if (e > 0) total.weighted += x * e;
  }
  return total;
}

DECANT_INLINE void add(float score, float max, float& sum, float& weighted) {
  const float difference = score - max;
  const float x = difference > -87.f ? difference : -87.f;
  const float e = exp_of_negative(x);
  sum += e;
  weighted += x * e;
}

DECANT_MULTIVERSION
ExpSum fast_exp_sum(std::span<const float> scores, float max) {
  ExpSum total;
  for (std::size_t begin = 0; begin < scores.size(); begin += sum_block) {
    const float* block = scores.data() + begin;
    const std::size_t n = std::min(sum_block, scores.size() - begin);
    std::array<float, lanes> sum{};
    std::array<float, lanes> weighted{};
    std::size_t i = 0;
    for (; i + lanes <= n; i += lanes) {
      for (std::size_t j = 0; j < lanes; ++j) add(block[i + j], max, sum[j], weighted[j]);
    }
    for (; i < n; ++i) add(block[i], max, sum[0], weighted[0]);
    total.sum += std::accumulate(sum.begin(), sum.end(), 0.0);
    total.weighted += std::accumulate(weighted.begin(), weighted.end(), 0.0);
  }
  return total;
}

}  // namespace

double ExpSum::entropy() const { return sum > 0 ? std::max(0.0, std::log(sum) - weighted / sum) : 0; }

ExpSum exp_sum(std::span<const float> scores, float max) {
  return scores.size() <= exact_up_to ? exact_exp_sum(scores, max) : fast_exp_sum(scores, max);
}

LogSum log_sum_exp(std::span<const float> scores) {
  const Scan found = scan(scores);
  if (!found.valid) return {};
  if (found.max == -std::numeric_limits<float>::infinity()) return {found.max, removed, true};
  return {found.max, found.max + std::log(exp_sum(scores, found.max).sum), true};
}

double log_sum_exp(std::span<const double> scores) {
  double max = removed;
  for (const double score : scores) max = std::max(max, score);
  if (max == removed) return removed;
  double sum = 0;
  for (const double score : scores) sum += std::exp(score - max);
  return max + std::log(sum);
}

double entropy(std::span<const float> scores) {
  const float max = scan(scores).max;
  if (max == -std::numeric_limits<float>::infinity()) return 0;
  return exp_sum(scores, max).entropy();
}

}  // namespace decant
