#include "numerics/deviation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "numerics/multiversion.h"

namespace decant {

DECANT_MULTIVERSION
double standard_deviation(std::span<const float> x, float near) {
  constexpr float removed = -std::numeric_limits<float>::infinity();
  std::array<double, lanes> count{}, sum{}, squares{};
  const auto add = [&](float value, std::size_t lane) {
    const double counts = value > removed ? 1 : 0;
    const double difference = value > removed ? double{value} - near : 0;
    count[lane] += counts;
    sum[lane] += difference;
    squares[lane] += difference * difference;
  };
  std::size_t i = 0;
  for (; i + lanes <= x.size(); i += lanes) {
    for (std::size_t j = 0; j < lanes; ++j) add(x[i + j], j);
  }
  for (; i < x.size(); ++i) add(x[i], 0);

  const auto total = [](const std::array<double, lanes>& a) { return std::accumulate(a.begin(), a.end(), 0.0); };
  const double n = total(count);
  if (n == 0) return 0;
  const double mean = total(sum) / n;
  return std::sqrt(std::max(0.0, total(squares) / n - mean * mean));
}

}  // namespace decant
