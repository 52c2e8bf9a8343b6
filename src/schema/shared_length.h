// Lengths that an automaton cannot count in each of its states: one of the parts that repeat has room, the others
// little.
#pragma once

#include <optional>

#include "schema/automaton.h"

namespace decant {

// Texts of an automaton, of at most so many characters. Only states that lead to themselves repeat, and a text passes
// one of them at most.
struct SharedLength {
  Dfa dfa;
  long most_loops;       // of such a state
  long most_of_another;  // characters of each other part that repeats
};

// Of the automaton's texts of up to `most` characters those in which at most one of the parts that repeat is longer
// than `most_of_another`, which is as large as the automaton's size allows: 63, 31 or 15. nullopt if that is not
// enough.
std::optional<SharedLength> with_shared_length(const Dfa& dfa, long most);

}  // namespace decant
