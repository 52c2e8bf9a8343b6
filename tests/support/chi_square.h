// Pearson's chi-square test of counts against a law.
#pragma once

#include <cmath>

namespace decant::testing {

// Cells that expect fewer than 5 are one.
class ChiSquare {
 public:
  void add(double count, double expected) {
    if (expected >= 5) return add_cell(count, expected);
    rest_count_ += count;
    rest_expected_ += expected;
  }
  // Cells whose counts have a sum that is given; their own rest is no part of others'.
  void end_group() {
    if (rest_expected_ > 0) add_cell(rest_count_, rest_expected_);
    rest_count_ = rest_expected_ = 0;
    if (cells_ > 0) freedom_ += cells_ - 1;
    cells_ = 0;
  }

  // How likely counts at least this far from the law are, by Wilson and Hilferty's approximation.
  double p_value() {
    end_group();
    if (freedom_ < 1) return 1;
    const double variance = 2 / (9.0 * freedom_);
    return std::erfc((std::cbrt(statistic_ / freedom_) - (1 - variance)) / std::sqrt(2 * variance)) / 2;
  }

 private:
  void add_cell(double count, double expected) {
    statistic_ += (count - expected) * (count - expected) / expected;
    ++cells_;
  }
  double statistic_ = 0, rest_count_ = 0, rest_expected_ = 0;
  int cells_ = 0, freedom_ = 0;
};

}  // namespace decant::testing
