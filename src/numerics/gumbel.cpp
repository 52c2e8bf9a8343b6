// Tested by tests/numerics/gumbel_test.cpp.
#include "numerics/gumbel.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <limits>

#include "numerics/multiversion.h"

namespace decant {
namespace {

constexpr std::uint32_t kBlock = GumbelNoise::kBlock;
constexpr std::uint32_t kCalls = kBlock / 4;
constexpr float removed = -std::numeric_limits<float>::infinity();

// Which of a block's Philox calls a token's word is from, and which of its four words: tokens that are neighbours are
// neighbours in vector registers, too.
DECANT_INLINE std::uint32_t call_of(std::uint32_t id) { return id / kBlock * kCalls + id % kCalls; }
DECANT_INLINE std::uint32_t word_of(std::uint32_t id) { return id / kCalls % 4; }

struct Calls {
  std::uint32_t c[4][kCalls];

  DECANT_INLINE void run(PhiloxKey key) {
    for (int round = 0; round < 10; ++round) {
      for (std::size_t i = 0; i < kCalls; ++i) {
        const std::uint64_t a = std::uint64_t{0xD2511F53} * c[0][i];
        const std::uint64_t b = std::uint64_t{0xCD9E8D57} * c[2][i];
        const std::uint32_t c1 = c[1][i], c3 = c[3][i];
        c[0][i] = static_cast<std::uint32_t>(b >> 32) ^ c1 ^ key[0];
        c[1][i] = static_cast<std::uint32_t>(b);
        c[2][i] = static_cast<std::uint32_t>(a >> 32) ^ c3 ^ key[1];
        c[3][i] = static_cast<std::uint32_t>(a);
      }
      key[0] += 0x9E3779B9;
      key[1] += 0xBB67AE85;
    }
  }
};

// A lower bound of ln(1 - u) for every u whose upper word this is: 1 - u > c / 2^32 with c = ~word, and between powers
// of two a logarithm to the base 2 is above the straight line, which the bits of a float are. c / 2 is converted, as a
// signed number is by one instruction; where it is 0, -127 is below the -65 that 1 - u cannot fall below.
DECANT_INLINE float lowest_log(std::uint32_t word) {
  constexpr float ln2 = 0.693147180559945F;
  const auto half = static_cast<std::int32_t>(~word >> 1);
  const auto bits = std::bit_cast<std::int32_t>(static_cast<float>(half));
  const float log2_of_half = static_cast<float>(bits) * 0x1p-23F - 127;
  return (log2_of_half + 1 - 32) * ln2;
}

// As -ln u >= 1 - u, score + noise >= bar needs ln(1 - u) <= score - bar. Lowered by more than rounding comes to, here
// and in lowest_log().
float lowered(double bar) { return static_cast<float>(bar - 1e-4 - 1e-6 * std::abs(bar)); }

// Whether any wins; wins[i]: whether the i-th does.
DECANT_MULTIVERSION
bool winners(PhiloxCounter counter, PhiloxKey key, const float* scores, float bar, std::uint32_t* wins) {
  Calls calls;
  for (std::size_t i = 0; i < kCalls; ++i) {
    for (std::size_t word = 0; word < 3; ++word) calls.c[word][i] = counter[word];
    calls.c[3][i] = counter[3] + static_cast<std::uint32_t>(i);
  }
  calls.run(key);
  std::uint32_t any = 0;
  for (std::size_t word = 0; word < 4; ++word) {
    for (std::size_t i = 0; i < kCalls; ++i) {
      const std::size_t at = word * kCalls + i;
      wins[at] = lowest_log(calls.c[word][i]) < scores[at] - bar;
      any |= wins[at];
    }
  }
  return any != 0;
}

// The same of kCalls tokens that are anywhere, a call for each.
DECANT_MULTIVERSION
bool winners_of(PhiloxCounter counter, PhiloxKey key, const std::uint32_t* ids, const float* scores, float bar,
                std::uint32_t* wins) {
  Calls calls;
  for (std::size_t i = 0; i < kCalls; ++i) {
    for (std::size_t word = 0; word < 3; ++word) calls.c[word][i] = counter[word];
    calls.c[3][i] = call_of(ids[i]);
  }
  calls.run(key);
  std::uint32_t any = 0;
  for (std::size_t i = 0; i < kCalls; ++i) {
    const std::uint32_t word = word_of(ids[i]);
    const std::uint32_t even = word & 2 ? calls.c[2][i] : calls.c[0][i];
    const std::uint32_t odd = word & 2 ? calls.c[3][i] : calls.c[1][i];
    wins[i] = lowest_log(word & 1 ? odd : even) < scores[i] - bar;
    any |= wins[i];
  }
  return any != 0;
}

void list(const std::uint32_t* wins, std::size_t n, std::size_t begin, GumbelNoise::Survivors& survivors) {
  for (std::size_t i = 0; i < n; ++i) {
    if (wins[i]) survivors.push_back(begin + i);
  }
}

}  // namespace

double GumbelNoise::operator()(Token token) const {
  const auto id = static_cast<std::uint32_t>(token);
  PhiloxCounter counter = counter_;
  counter[3] = call_of(id);
  const std::uint64_t high = philox4x32(counter, key_)[word_of(id)];
  ++counter[2];  // the stream of the lower halves
  const std::uint64_t word = high << 32 | philox4x32(counter, key_)[word_of(id)];
  // u and 1 - u, each exact where it is small: so is its logarithm.
  const double below = (static_cast<double>(word) + 0.5) * 0x1p-64;
  const double above = (static_cast<double>(~word) + 0.5) * 0x1p-64;
  return -std::log(-(below < 0.5 ? std::log(below) : std::log1p(-above)));
}

void GumbelNoise::can_win(Token first, std::span<const float> scores, double bar, Survivors& survivors) const {
  assert(first % kBlock == 0 && scores.size() <= kBlock);
  PhiloxCounter counter = counter_;
  counter[3] = call_of(static_cast<std::uint32_t>(first));
  float padded[kBlock];
  if (scores.size() < kBlock) {
    std::fill(std::copy(scores.begin(), scores.end(), padded), padded + kBlock, removed);
    scores = padded;
  }
  std::uint32_t wins[kBlock];
  if (winners(counter, key_, scores.data(), lowered(bar), wins)) list(wins, kBlock, 0, survivors);
}

void GumbelNoise::can_win(std::span<const Candidate> candidates, double bar, Survivors& survivors) const {
  for (std::size_t begin = 0; begin < candidates.size(); begin += kCalls) {
    const std::size_t n = std::min<std::size_t>(kCalls, candidates.size() - begin);
    std::uint32_t ids[kCalls] = {}, wins[kCalls];
    float scores[kCalls];
    for (std::size_t i = 0; i < n; ++i) {
      ids[i] = static_cast<std::uint32_t>(candidates[begin + i].id);
      scores[i] = candidates[begin + i].score;
    }
    std::fill(scores + n, scores + kCalls, removed);
    if (winners_of(counter_, key_, ids, scores, lowered(bar), wins)) list(wins, n, begin, survivors);
  }
}

}  // namespace decant
