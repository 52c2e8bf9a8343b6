// The formats that JSON Schema knows for strings.
#pragma once

#include <optional>
#include <string_view>

#include "schema/automaton.h"

namespace decant {

// The strings of a format; nullopt for one that JSON Schema does not know: it says nothing.
//
// No automaton accepts what is not of its format. Left out is what would need a count or a computation: hosts that come
// near 253 characters (they are counted in sixteens, 16 labels at most), labels that begin with xn-- (which of them are
// Punycode of something valid), leap seconds under other offsets than quarters of an hour or in other months than June
// and December, the year 0000, general address literals; of idn-hostname labels of more than 12 characters or in other
// scripts than the usual ones; of regex groups more than three deep, back references and names.
std::optional<Dfa> automaton_of_format(std::string_view format);

}  // namespace decant
