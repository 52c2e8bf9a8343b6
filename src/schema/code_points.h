// Sets of characters: Unicode scalar values, so surrogates are in none of them.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/utf8_reader.h"

namespace decant {

// Rising ranges with a gap between any two.
using CodePointSet = std::vector<CodePoints>;

CodePointSet every_character();
CodePointSet united(CodePointSet ranges);  // of ranges in any order
CodePointSet complement(const CodePointSet& set);
CodePointSet intersection(const CodePointSet& a, const CodePointSet& b);
CodePointSet without(const CodePointSet& set, const CodePointSet& others);

bool contains(const CodePointSet& set, char32_t c);
bool includes(const CodePointSet& set, const CodePointSet& part);

// With all that differs from a member in case only.
CodePointSet in_any_case(const CodePointSet& set);

// What \p{TEXT} matches: a general category (L, Lu, Letter, gc=Lu), a script (Script=Greek, sc=Grek), Any, ASCII or
// Assigned. nullopt for other properties.
std::optional<CodePointSet> unicode_property(std::string_view text);

}  // namespace decant
