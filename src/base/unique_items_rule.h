// What a grammar says of JSON arrays beside its rules.
#pragma once

#include <string_view>

namespace decant {

// A rule of this name is "[", and opens a JSON array whose items have to differ: what no rules can say. Whoever knows
// nothing of it reads a grammar of all such arrays.
constexpr std::string_view unique_items_rule = "unique-json-items";

}  // namespace decant
