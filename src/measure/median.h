// The middle of some figures, or the mean of the two in the middle: what one slow round cannot move.
#pragma once

#include <algorithm>
#include <cassert>
#include <vector>

namespace decant {

inline double median(std::vector<double> values) {
  assert(!values.empty());
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
}

// Of the rounds' ratios: what both had in common in a round, such as a busy machine, cancels out.
inline double median_ratio(const std::vector<double>& values, const std::vector<double>& others) {
  assert(values.size() == others.size());
  std::vector<double> ratios(values.size());
  std::transform(values.begin(), values.end(), others.begin(), ratios.begin(),
                 [](double a, double b) { return a / b; });
  return median(std::move(ratios));
}

}  // namespace decant
