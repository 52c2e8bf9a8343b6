// The JSON numbers between two bounds.
//
// Exactly those are in the automaton that are written as numbers are: plainly, with up to 21 digits before the point,
// or with an exponent behind up to three. In GBNF at most 16 digits follow once nothing depends on them, so that a
// number ends.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "schema/automaton.h"
#include "schema/gbnf_text.h"

namespace decant {

struct Bound {
  std::string number;  // as JSON writes it
  bool exclusive = false;
};

// Integers have neither point nor exponent.
Dfa number_automaton(const std::optional<Bound>& minimum, const std::optional<Bound>& maximum, bool integer);

// Whole numbers, written as such, that a divisor divides.
Dfa multiples_automaton(long divisor);

// Of an automaton that is not empty.
std::string numbers_gbnf(const Dfa& dfa, GbnfRules& rules);

}  // namespace decant
