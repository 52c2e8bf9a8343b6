// Gumbel noise for draws by race: argmax over v of score(v) + noise(v) is a draw from the softmax of the scores, and
// the n largest sums are n draws without replacement (Gumbel 1954; Kool et al. 2019).
//
// The noise is a pure function of seed, sequence, position in the text and token. So whoever knows these runs the same
// race: a draft, another kernel, another company of requests (Daliri et al. 2024, "Coupling without Communication and
// Drafter-Invariant Speculative Decoding").
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/token.h"
#include "numerics/philox.h"
#include "numerics/rank.h"

namespace decant {

// noise = -ln(-ln u), u = (word + 1/2) / 2^64: from -3.9 to 45.1. The upper half of the word comes from one Philox call
// for four tokens, and tells whether a token can win; the lower half is looked up only for those.
class GumbelNoise {
 public:
  static constexpr std::uint32_t kBlock = 256;  // tokens that can_win() takes at most, where they are neighbours
  using Survivors = std::vector<std::size_t>;

  // `position` is that of the token to be decided.
  GumbelNoise(std::uint64_t seed, std::uint32_t sequence, std::uint32_t position, Stream stream = Stream::noise)
      : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
        counter_{position, sequence, static_cast<std::uint32_t>(stream), 0} {}

  double operator()(Token token) const;

  // Appends which of these scores (of tokens first, first + 1, ...; first is a multiple of kBlock) might reach `bar`
  // with their noise: all that do, few that do not, none of -infinity.
  void can_win(Token first, std::span<const float> scores, double bar, Survivors& survivors) const;

  // The same of any tokens, in any number.
  void can_win(std::span<const Candidate> candidates, double bar, Survivors& survivors) const;

 private:
  PhiloxKey key_;
  PhiloxCounter counter_;  // but for the last, which is the number of a call
};

}  // namespace decant
