// Tested by tests/numerics/divergence_test.cpp.
#include "numerics/divergence.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <numeric>

#include "numerics/fast_exp.h"
#include "numerics/multiversion.h"

namespace decant {
namespace {

constexpr std::size_t sum_block = 512;  // floats are added up over one block, blocks in double

constexpr float least = -40;  // e^-40 stands for anything smaller: none of it counts, and its square is a normal number

// With a = ln p, b = ln q and m = (p + q) / 2, the term is m (ln m - (a + b) / 2) = m ln cosh((a - b) / 2), and
// ln cosh(d) = |d| + ln(1 + e^(-2|d|)) - ln 2: nothing cancels. ln(1 + y) = 2 artanh(y / (2 + y)), its series to 1e-7.
DECANT_INLINE float term(float a, float b) {
  const float p = exp_of_negative(a > least ? a : least), q = exp_of_negative(b > least ? b : least);
  const float less = p < q ? p : q, more = p < q ? q : p;
  const float difference = a < b ? b - a : a - b;
  const float z = less / (2 * more + less), z2 = z * z;
  const float log1p = 2 * z * (1 + z2 * (1 / 3.f + z2 * (1 / 5.f + z2 * (1 / 7.f + z2 * (1 / 9.f + z2 * (1 / 11.f))))));
  return (p + q) * 0.5f * (0.5f * difference + (log1p - 0.693147181f));
}

DECANT_MULTIVERSION
double sum_of_terms(const float* p, float log_sum_p, const float* q, float log_sum_q, std::size_t n) {
  double total = 0;
  for (std::size_t begin = 0; begin < n; begin += sum_block) {
    const std::size_t end = std::min(begin + sum_block, n);
    std::array<float, lanes> sum{};
    std::size_t i = begin;
    for (; i + lanes <= end; i += lanes) {
      for (std::size_t j = 0; j < lanes; ++j) sum[j] += term(p[i + j] - log_sum_p, q[i + j] - log_sum_q);
    }
    for (; i < end; ++i) sum[0] += term(p[i] - log_sum_p, q[i] - log_sum_q);
    total += std::accumulate(sum.begin(), sum.end(), 0.0);
  }
  return total;
}

}  // namespace

double divergence_from_mean(std::span<const float> p, double log_sum_p, std::span<const float> q, double log_sum_q) {
  assert(p.size() == q.size());
  const double sum =
      sum_of_terms(p.data(), static_cast<float>(log_sum_p), q.data(), static_cast<float>(log_sum_q), p.size());
  return std::max(0.0, sum);
}

}  // namespace decant
