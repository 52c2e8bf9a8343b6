// Tested by tests/numerics/quadrature_test.cpp.
#include "numerics/quadrature.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "numerics/multiversion.h"

namespace decant {
namespace {

// Sum of x v^2.
DECANT_MULTIVERSION
double mean(std::span<const double> x, std::span<const double> v) {
  std::array<double, lanes> sums{};
  for (std::size_t i = 0; i < x.size(); i += lanes) {
    for (std::size_t j = 0; j < lanes; ++j) sums[j] += x[i + j] * v[i + j] * v[i + j];
  }
  double sum = 0;
  for (const double each : sums) sum += each;
  return sum;
}

// before = (x - a) v - b before; returns its sum of squares.
DECANT_MULTIVERSION
double advance(std::span<const double> x, std::span<const double> v, std::span<double> before, double a, double b) {
  std::array<double, lanes> sums{};
  for (std::size_t i = 0; i < x.size(); i += lanes) {
    for (std::size_t j = 0; j < lanes; ++j) {
      const double next = (x[i + j] - a) * v[i + j] - b * before[i + j];
      before[i + j] = next;
      sums[j] += next * next;
    }
  }
  double sum = 0;
  for (const double each : sums) sum += each;
  return sum;
}

DECANT_MULTIVERSION
void scale(std::span<double> v, double factor) {
  for (double& each : v) each *= factor;
}

// Eigenvalues of the symmetric tridiagonal matrix (diagonal a, beside it b), into a; the first components of the
// eigenvectors, into z. Implicit QL with Wilkinson shifts; b is used up.
void eigen(std::vector<double>& a, std::vector<double>& b, std::vector<double>& z) {
  const int n = static_cast<int>(a.size());
  b.push_back(0);
  z.assign(a.size(), 0);
  z[0] = 1;
  for (int l = 0; l < n; ++l) {
    for (int iteration = 0; iteration < 100; ++iteration) {
      int m = l;
      while (m + 1 < n &&
             std::abs(b[m]) > std::numeric_limits<double>::epsilon() * (std::abs(a[m]) + std::abs(a[m + 1])))
        ++m;
      if (m == l) break;
      const double half = (a[l + 1] - a[l]) / (2 * b[l]);
      double g = a[m] - a[l] + b[l] / (half + std::copysign(std::hypot(half, 1.0), half));
      double sine = 1, cosine = 1, p = 0;
      for (int i = m - 1; i >= l; --i) {
        const double f = sine * b[i], h = cosine * b[i];
        const double r = std::hypot(f, g);
        b[i + 1] = r;
        if (r == 0) {
          a[i + 1] -= p;
          b[m] = 0;
          break;
        }
        sine = f / r;
        cosine = g / r;
        g = a[i + 1] - p;
        const double t = (a[i] - g) * sine + 2 * cosine * h;
        p = sine * t;
        a[i + 1] = g + p;
        g = cosine * t - h;
        const double upper = z[i + 1];
        z[i + 1] = sine * z[i] + cosine * upper;
        z[i] = cosine * z[i] - sine * upper;
        if (i == l) {
          a[l] -= p;
          b[l] = g;
          b[m] = 0;
        }
      }
    }
  }
}

}  // namespace

std::span<const WeightedPoint> GaussRule::of(std::span<const float> x, int n) {
  points_.clear();
  x_.clear();
  double max = -std::numeric_limits<double>::infinity();
  for (const float each : x) {
    if (each == -std::numeric_limits<float>::infinity()) continue;
    x_.push_back(each);
    max = std::max(max, x_.back());
  }
  if (x_.empty()) return points_;

  v_.clear();
  double total = 0;  // of the measure e^((x - max) / 2)
  for (double& each : x_) {
    each -= max;
    v_.push_back(std::exp(each / 4));
    total += v_.back() * v_.back();
  }
  const std::size_t padded = (x_.size() + lanes - 1) / lanes * lanes;
  x_.resize(padded, 0);
  v_.resize(padded, 0);
  before_.assign(padded, 0);
  scale(v_, 1 / std::sqrt(total));

  std::vector<double> a, b, z;
  for (int j = 0; j < n; ++j) {
    a.push_back(mean(x_, v_));
    const double norm = std::sqrt(advance(x_, v_, before_, a.back(), j == 0 ? 0 : b.back()));
    if (j + 1 == n || norm < 1e-7) break;  // no value is left that the points found do not hold
    b.push_back(norm);
    v_.swap(before_);
    scale(v_, 1 / norm);
  }
  eigen(a, b, z);
  for (std::size_t j = 0; j < a.size(); ++j) {
    const double count = total * z[j] * z[j] * std::exp(-a[j] / 2);
    if (count > 0) points_.push_back({a[j] + max, count});
  }
  std::sort(points_.begin(), points_.end(), [](const auto& left, const auto& right) { return left.x > right.x; });
  return points_;
}

}  // namespace decant
