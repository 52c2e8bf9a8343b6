// GBNF for the JSON strings that match a regular expression of JSON Schema (ECMA-262 with the u flag).
//
// Every text of the rule is a JSON string whose value matches; values that would need \u escapes are left out.
// Supported: characters and escapes, classes with \d \w \s, groups, alternatives, quantifiers (a lazy one matches the
// same strings), and ^ and $ at the ends of the pattern's alternatives. Not: lookaround, back references, \b, \p.
#pragma once

#include <string>
#include <string_view>

#include "schema/gbnf_text.h"

namespace decant {

// The body of a rule, quotes included. The value has least..most characters (most < 0: any number). Throws
// Error(usage), a clause that says what of the pattern cannot be expressed.
std::string regex_gbnf(std::string_view pattern, long least, long most, GbnfRules& rules);

// The rule of one character of a JSON string that is neither a quote, a backslash nor a control character.
std::string plain_character();

}  // namespace decant
