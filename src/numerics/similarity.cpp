// Tested by tests/numerics/similarity_test.cpp.
#include "numerics/similarity.h"

#include <array>
#include <cassert>
#include <cmath>
#include <numeric>

#include "numerics/multiversion.h"

namespace decant {
namespace {

DECANT_INLINE float dot(const float* a, const float* b, std::size_t n) {
  std::array<float, lanes> sum{};
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    for (std::size_t j = 0; j < lanes; ++j) sum[j] += a[i + j] * b[i + j];
  }
  for (; i < n; ++i) sum[0] += a[i] * b[i];
  return std::accumulate(sum.begin(), sum.end(), 0.f);
}

DECANT_MULTIVERSION
void dots(const float* rows, std::size_t n_rows, const float* vector, std::size_t size, float* results) {
  for (std::size_t i = 0; i < n_rows; ++i) results[i] = dot(rows + i * size, vector, size);
}

}  // namespace

bool normalize(std::span<const float> x, std::span<float> unit) {
  assert(x.size() == unit.size());
  double squares = 0;
  for (const float value : x) squares += double{value} * value;
  if (!(squares > 0) || !std::isfinite(squares)) return false;
  const double factor = 1 / std::sqrt(squares);
  for (std::size_t i = 0; i < x.size(); ++i) unit[i] = static_cast<float>(double{x[i]} * factor);
  return true;
}

void Directions::cosines(std::span<const float> unit, std::span<float> cosines) const {
  assert(unit.size() == size_ && cosines.size() == count());
  dots(values_.data(), count(), unit.data(), size_, cosines.data());
}

}  // namespace decant
