#include "numerics/divergence.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "numerics/log_sum_exp.h"

namespace decant {
namespace {

double by_definition(const std::vector<float>& p, const std::vector<float>& q) {
  const double log_p = log_sum_exp(p).value, log_q = log_sum_exp(q).value;
  double sum = 0;
  for (std::size_t v = 0; v < p.size(); ++v) {
    const double a = p[v] - log_p, b = q[v] - log_q;
    const double log_m = std::log(std::exp(a) + std::exp(b)) - std::log(2.0);
    sum += std::exp(log_m) * (log_m - a) + std::exp(log_m) * (log_m - b);
  }
  return sum / 2;
}

double divergence(const std::vector<float>& p, const std::vector<float>& q) {
  return divergence_from_mean(p, log_sum_exp(p).value, q, log_sum_exp(q).value);
}

TEST(Divergence, AgainstTheDefinition) {
  std::mt19937 random(1);
  for (const std::size_t size : {1u, 2u, 31u, 512u, 1000u, 49152u}) {
    for (const float spread : {0.01f, 1.f, 5.f, 20.f}) {
      std::normal_distribution<float> normal(0, spread);
      std::vector<float> p(size), q(size);
      for (float& x : p) x = normal(random);
      for (float& x : q) x = 30 + normal(random);
      EXPECT_NEAR(divergence(p, q), by_definition(p, q), 1e-5 * (1 + by_definition(p, q))) << size << " " << spread;
      EXPECT_DOUBLE_EQ(divergence(p, q), divergence(q, p));
    }
  }
}

// By hand: p = (3/4, 1/4), q = (1/4, 3/4): M = (1/2, 1/2), and both KL(M || .) are ln(2 / sqrt 3).
TEST(Divergence, ByHand) {
  const std::vector<float> p = {std::log(3.f), 0}, q = {0, std::log(3.f)};
  EXPECT_NEAR(divergence(p, q), std::log(2 / std::sqrt(3.0)), 1e-6);
  EXPECT_NEAR(divergence(p, p), 0, 1e-6);
}

// Disjoint in all but name: M (ln M - ln p) grows with the distance, as no Jensen-Shannon divergence would.
TEST(Divergence, FarApart) {
  const std::vector<float> p = {0, -60}, q = {-60, 0};
  EXPECT_NEAR(divergence(p, q), by_definition(p, q), 1e-3);
  EXPECT_GT(divergence(p, q), 29);
}

}  // namespace
}  // namespace decant
