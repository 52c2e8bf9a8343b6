// "Did you mean": how far apart two names are, and which of several is nearest.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace decant {

// Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`, no part edited twice (Damerau's
// distance in its "optimal string alignment" form).
std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate that `word` was most likely meant to be, "" if none is near: one mistake in every three letters, or the
// beginning of exactly one candidate. The first of equals.
std::string_view closest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace decant
