#include "numerics/torch_permutation.h"

#include <algorithm>
#include <cassert>
#include <numeric>
#include <random>

namespace decant {
namespace {

[[maybe_unused]] constexpr std::int32_t most = 214'000'000;

// Where each step of the shuffle takes its element from.
class Swaps {
 public:
  Swaps(std::uint64_t seed, std::int32_t n) : generator_(static_cast<std::uint32_t>(seed)), n_(n) {
    assert(0 <= n && n < most);
  }

  std::int32_t partner(std::int32_t i) {
    const auto random = static_cast<std::uint32_t>(generator_());
    return i + static_cast<std::int32_t>(random % static_cast<std::uint32_t>(n_ - i));
  }

 private:
  std::mt19937 generator_;
  std::int32_t n_;
};

}  // namespace

std::vector<std::int32_t> torch_permutation(std::uint64_t seed, std::int32_t n, std::int32_t count) {
  assert(0 <= count && count <= n);
  Swaps swaps(seed, n);
  std::vector<std::int32_t> elements(static_cast<std::size_t>(n));
  std::iota(elements.begin(), elements.end(), 0);
  for (std::int32_t i = 0; i < count; ++i) std::swap(elements[i], elements[swaps.partner(i)]);
  elements.resize(static_cast<std::size_t>(count));
  return elements;
}

bool torch_permutation_begins_with(std::uint64_t seed, std::int32_t n, std::int32_t count, std::int32_t element) {
  assert(0 <= count && count <= n && 0 <= element && element < n);
  Swaps swaps(seed, n);
  std::int32_t place = element;
  for (std::int32_t i = 0; i < count; ++i) {
    const std::int32_t partner = swaps.partner(i);
    if (partner == place) return true;  // it moves to place i, for good
    if (i == place) place = partner;
  }
  return false;
}

}  // namespace decant
