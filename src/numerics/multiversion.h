// DECANT_MULTIVERSION compiles a function several times, for 512-bit, 256-bit and baseline vectors, and lets the loader
// pick by CPU. Only the loops that see a whole vocabulary carry it.
//
// Elsewhere (other compilers and systems, sanitizer builds: their runtime is not up yet when the loader picks) the
// function is compiled once, as usual. Functions called from such a loop must be inlined into it: DECANT_INLINE.
//
// Such loops work on `lanes` independent elements at a time, in arrays of that size: the compiler turns them into
// vector registers, and because sums are regrouped by us and not by it, no floating-point rule has to be relaxed.
#pragma once

#include <cstddef>

#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(DECANT_SANITIZED)
#define DECANT_MULTIVERSION __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define DECANT_MULTIVERSION
#endif

#define DECANT_INLINE inline __attribute__((always_inline))

namespace decant {

inline constexpr std::size_t lanes = 32;

}  // namespace decant
