// The permutation that torch.randperm(n, generator=torch.Generator().manual_seed(seed)) makes on a CPU, bit by bit.
//
// A Fisher-Yates shuffle from the front, each swap chosen by one output of mt19937 modulo what is left; only the low 32
// bits of the seed matter. Its first elements are final after as many swaps, so nobody pays for more than they read.
// (From about 214 million elements on torch draws 64 bits at a time; that is not done here.)
#pragma once

#include <cstdint>
#include <vector>

namespace decant {

// The first `count` elements; 0 <= count <= n.
std::vector<std::int32_t> torch_permutation(std::uint64_t seed, std::int32_t n, std::int32_t count);

// Whether `element` is one of them, in less time and no memory.
bool torch_permutation_begins_with(std::uint64_t seed, std::int32_t n, std::int32_t count, std::int32_t element);

}  // namespace decant
