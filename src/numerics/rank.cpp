#include "numerics/rank.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <utility>

namespace decant {
namespace {

// Falls as the score rises; equal for equal scores (-0 and +0).
std::uint32_t falling_key(float score) {
  const auto bits = std::bit_cast<std::uint32_t>(score + 0.f);
  return bits >> 31 ? bits : bits ^ 0x7fffffff;
}

// Least significant digit first: stable, so rising ids stay rising among equals.
void radix_sort(std::vector<Candidate>& list) {
  const std::size_t n = list.size();
  std::array<std::array<std::uint32_t, 256>, 4> starts{};
  for (const Candidate& c : list) {
    for (int digit = 0; digit < 4; ++digit) ++starts[digit][falling_key(c.score) >> (8 * digit) & 255];
  }
  list.resize(2 * n);  // the upper half is the other buffer
  Candidate* from = list.data();
  Candidate* to = from + n;
  for (int digit = 0; digit < 4; ++digit, std::swap(from, to)) {
    std::uint32_t sum = 0;
    for (std::uint32_t& start : starts[digit]) sum += std::exchange(start, sum);
    for (std::size_t i = 0; i < n; ++i) to[starts[digit][falling_key(from[i].score) >> (8 * digit) & 255]++] = from[i];
  }
  list.resize(n);
}

}  // namespace

void rank(std::vector<Candidate>& list) {
  if (list.size() <= short_list) {
    std::sort(list.begin(), list.end(), ranks_before);
  } else {
    radix_sort(list);
  }
}

void cut_after_ties(std::vector<Candidate>& ranked, int k) {
  if (ranked.size() <= static_cast<std::size_t>(k)) return;
  const float kth = ranked[k - 1].score;
  ranked.erase(std::find_if(ranked.begin() + k, ranked.end(), [kth](const Candidate& c) { return c.score < kth; }),
               ranked.end());
}

}  // namespace decant
