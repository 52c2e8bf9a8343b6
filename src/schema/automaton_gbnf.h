// Automata as GBNF: a rule for each state in which something is decided, so that a text can be read in one way only.
#pragma once

#include "schema/automaton.h"
#include "schema/gbnf_text.h"

namespace decant {

// A character of a set as one atom of GBNF: as it is, or in a JSON string. There a character stands for itself where it
// may, or is escaped by a letter; \u is read for control characters, for those beyond ASCII, unless they are many
// ranges, and for ASCII where all characters go the same way.
std::string plain_character(const CodePointSet& set, GbnfRules& rules);
std::string json_character(const CodePointSet& set, GbnfRules& rules);

using CharacterRule = std::string (*)(const CodePointSet&, GbnfRules&);

// The texts of an automaton that is not empty, as a sequence of GBNF. A state that leads to itself is left after at
// most `most_loops` characters more (-1: any number).
std::string automaton_gbnf(const Dfa& dfa, CharacterRule character, GbnfRules& rules, long most_loops = -1);

// The JSON strings whose values an automaton accepts; those of least..most characters of a set.
std::string json_strings_gbnf(const Dfa& dfa, GbnfRules& rules, long most_loops = -1);
std::string json_strings_gbnf(const CodePointSet& set, long least, long most, GbnfRules& rules);

}  // namespace decant
