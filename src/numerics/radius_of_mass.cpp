#include "numerics/radius_of_mass.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "numerics/fast_exp.h"
#include "numerics/multiversion.h"

namespace decant {
namespace {

// Distances are told apart by their leading bits: 32 cells to an octave, from 2^-16 to 2^16; the rest is in the
// outermost cells.
constexpr int shift = 18;
constexpr int first = (127 - 16) << 5;
constexpr int cell_count = 32 << 5;
constexpr std::size_t block = 512;

DECANT_INLINE std::int32_t cell_of(float distance) {
  const std::int32_t cell = static_cast<std::int32_t>(std::bit_cast<std::uint32_t>(distance) >> shift) - first;
  return std::clamp(cell, 0, cell_count - 1);
}

DECANT_MULTIVERSION
void find_cells(std::span<const float> scores, float max, float centre, std::int32_t* cells, float* weights) {
  for (std::size_t i = 0; i < scores.size(); ++i) {
    cells[i] = cell_of(std::abs(scores[i] - centre));
    weights[i] = exp_of_any_negative(scores[i] - max);
  }
}

std::array<double, cell_count> mass_of_cells(std::span<const float> scores, float max, float centre) {
  std::array<double, cell_count> masses{};
  std::array<std::int32_t, block> cells;
  std::array<float, block> weights;
  for (std::size_t begin = 0; begin < scores.size(); begin += block) {
    const std::size_t n = std::min(block, scores.size() - begin);
    find_cells(scores.subspan(begin, n), max, centre, cells.data(), weights.data());
    for (std::size_t i = 0; i < n; ++i) masses[cells[i]] += weights[i];
  }
  return masses;
}

// The smallest distance that belongs to the cell.
float begin_of(std::int32_t cell) {
  if (cell == 0) return 0;
  if (cell == cell_count) return std::numeric_limits<float>::infinity();
  return std::bit_cast<float>((static_cast<std::uint32_t>(cell) + first) << shift);
}

// The scores in one cell, by rising distance.
std::vector<float> scores_in(std::int32_t cell, std::span<const float> scores, float centre) {
  const float begin = begin_of(cell), end = begin_of(cell + 1);
  std::vector<float> found;
  for (const float score : scores) {
    const float distance = std::abs(score - centre);
    if (distance >= begin && distance < end) found.push_back(score);
  }
  std::sort(found.begin(), found.end(),
            [centre](float a, float b) { return std::abs(a - centre) < std::abs(b - centre); });
  return found;
}

}  // namespace

float radius_of_mass(std::span<const float> scores, float max, float centre, double mass) {
  const auto masses = mass_of_cells(scores, max, centre);
  double sum = 0;
  std::int32_t cell = 0;
  while (cell < cell_count && sum + masses[cell] < mass) sum += masses[cell++];
  if (cell == cell_count) return std::numeric_limits<float>::infinity();
  float radius = 0;
  for (const float score : scores_in(cell, scores, centre)) {
    radius = std::abs(score - centre);
    sum += exp_of_any_negative(score - max);
    if (sum >= mass) break;
  }
  return radius;
}

}  // namespace decant
