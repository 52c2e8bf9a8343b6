// The norm beside sums in long double, and by every instruction set the same bits.
#include "kernels/norm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "kernels/isa.h"

namespace decant::kernels {
namespace {

std::vector<float> normalised(Isa isa, const std::vector<float>& x, float epsilon) {
  std::vector<float> y(x.size());
  rms_norm(isa)(x.data(), static_cast<std::int64_t>(x.size()), epsilon, y.data());
  return y;
}

TEST(Norm, IsTheRootOfTheMeanSquare) {
  std::mt19937 random(3);
  for (const int size : {1, 2, 7, 8, 15, 16, 17, 31, 33, 64, 576, 1000, 4097}) {
    for (const float spread : {1e-12f, 1e-3f, 1.0f, 3e4f}) {
      std::normal_distribution<float> normal(0.3f * spread, spread);
      std::vector<float> x(static_cast<std::size_t>(size));
      for (float& each : x) each = normal(random);
      long double sum = 0;
      for (const float each : x) sum += static_cast<long double>(each) * each;
      const long double scale = 1 / std::sqrt(sum / size + 1e-5L);
      const std::vector<float> y = normalised(Isa::plain, x, 1e-5f);
      for (std::size_t i = 0; i < x.size(); ++i) {
        const auto expected =
            static_cast<double>(x[i] * scale);  // roundings of: squares, mean, sum, root, quotient, product
        ASSERT_NEAR(y[i], expected, 4 * std::abs(expected) * std::numeric_limits<float>::epsilon())
            << size << " " << spread;
      }
    }
  }
}

TEST(Norm, HasTheSameBitsByEveryInstructionSet) {
  std::mt19937 random(4);
  for (int size = 1; size <= 1200; size += size < 70 ? 1 : 113) {
    std::lognormal_distribution<float> wide(0.0f, 4.0f);
    std::vector<float> x(static_cast<std::size_t>(size));
    for (float& each : x) each = (random() & 1 ? 1.0f : -1.0f) * wide(random);
    const std::vector<float> expected = normalised(Isa::plain, x, 1e-6f);
    for (const Isa isa : available_isas())
      ASSERT_EQ(normalised(isa, x, 1e-6f), expected) << isa_name(isa) << " " << size;
    std::vector<float> in_place = x;
    rms_norm(available_isas().front())(in_place.data(), size, 1e-6f, in_place.data());
    ASSERT_EQ(in_place, expected);
  }
}

TEST(Norm, PassesOnWhatIsNoNumber) {
  for (const Isa isa : available_isas()) {
    for (std::size_t at : {0u, 9u, 18u}) {
      std::vector<float> x(19, 1.0f);
      x[at] = std::numeric_limits<float>::quiet_NaN();
      for (const float each : normalised(isa, x, 1e-6f)) EXPECT_TRUE(std::isnan(each));
    }
    for (const float each : normalised(isa, std::vector<float>(19), 1e-6f)) EXPECT_EQ(each, 0.0f);
  }
}

}  // namespace
}  // namespace decant::kernels
