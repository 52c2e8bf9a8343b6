// Philox4x32-10, a counter-based random generator: every draw is a pure function of its coordinates.
//
// Source: Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011. There is no state, so a
// draw depends neither on the draws before it nor on whatever else the process is doing.
#pragma once

#include <array>
#include <cstdint>

namespace decant {

using PhiloxCounter = std::array<std::uint32_t, 4>;
using PhiloxKey = std::array<std::uint32_t, 2>;

PhiloxCounter philox4x32(PhiloxCounter counter, PhiloxKey key);

// What a draw is for. Two purposes at one position are independent. The values are part of the promise "same seed, same
// text": never renumber, and never use 0, 4, 5 or 6 again, which meant something once.
enum class Stream : std::uint32_t {
  accept = 1,       // whether a drafted token is accepted
  residual = 2,     // which token replaces a drafted one
  processor = 3,    // whether a processor acts (xtc)
  noise = 7,        // of each token, in a race (gumbel.h): the upper half
  noise_low = 8,    // the lower half
  draft_noise = 9,  // the same, of a draft that runs a race of its own
  draft_noise_low = 10,
};

// Uniform in [0, 1), a multiple of 2^-53. `position` is the position of the token that is being decided; `lane` tells
// apart those that one position needs.
double uniform(std::uint64_t seed, std::uint32_t sequence, std::uint32_t position, Stream stream,
               std::uint32_t lane = 0);

}  // namespace decant
