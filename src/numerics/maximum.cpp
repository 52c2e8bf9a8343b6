#include "numerics/maximum.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <limits>

#include "numerics/multiversion.h"

namespace decant {
namespace {

constexpr float removed = -std::numeric_limits<float>::infinity();

DECANT_INLINE float larger(float a, float b) { return a > b ? a : b; }

// max[j] = the maximum of x[j], x[j + lanes], x[j + 2 lanes], ...
DECANT_INLINE std::array<float, lanes> lane_maxima(const float* x, std::size_t n) {
  std::array<float, lanes> max;
  max.fill(removed);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    for (std::size_t j = 0; j < lanes; ++j) max[j] = larger(x[i + j], max[j]);
  }
  for (std::size_t j = 0; i < n; ++i, ++j) max[j] = larger(x[i], max[j]);
  return max;
}

}  // namespace

DECANT_MULTIVERSION
Scan scan(std::span<const float> x) {
  constexpr float largest = std::numeric_limits<float>::max();
  std::array<float, lanes> max;
  std::array<int, lanes> invalid{};
  max.fill(removed);
  std::size_t i = 0;
  for (; i + lanes <= x.size(); i += lanes) {
    for (std::size_t j = 0; j < lanes; ++j) {
      max[j] = larger(x[i + j], max[j]);
      invalid[j] |= !(x[i + j] <= largest);
    }
  }
  for (; i < x.size(); ++i) {
    max[0] = larger(x[i], max[0]);
    invalid[0] |= !(x[i] <= largest);
  }
  return {*std::max_element(max.begin(), max.end()), std::count(invalid.begin(), invalid.end(), 0) == lanes};
}

DECANT_MULTIVERSION
int argmax(std::span<const float> x) {
  constexpr std::size_t block = 32 * lanes;
  float best = removed;
  std::size_t at = 0;  // begin of the first block that holds the maximum
  for (std::size_t begin = 0; begin < x.size(); begin += block) {
    const auto max = lane_maxima(x.data() + begin, std::min(block, x.size() - begin));
    const float block_best = *std::max_element(max.begin(), max.end());
    if (block_best > best) {
      best = block_best;
      at = begin;
    }
  }
  if (best == removed) return -1;
  while (x[at] != best) ++at;
  return static_cast<int>(at);
}

DECANT_MULTIVERSION
std::size_t column_maxima(std::span<const float> x, std::size_t rows, std::span<float> maxima) {
  const std::size_t strip = rows * lanes;
  std::size_t count = 0;
  for (std::size_t begin = 0; begin < x.size(); begin += strip, count += lanes) {
    assert(count + lanes <= maxima.size());
    const auto max = lane_maxima(x.data() + begin, std::min(strip, x.size() - begin));
    std::copy(max.begin(), max.end(), maxima.begin() + count);
  }
  return count;
}

}  // namespace decant
