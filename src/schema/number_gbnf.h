// GBNF for the JSON numbers between two bounds.
//
// Every text of the rule is a number within the bounds; not every such number is a text of it: there are no exponents,
// at most 15 digits in all, and a few behind the point.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace decant {

struct Bound {
  std::string_view number;  // as JSON writes it
  bool exclusive = false;
};

// nullopt when nothing that the rule could say lies between the bounds.
std::optional<std::string> integer_gbnf(std::optional<Bound> minimum, std::optional<Bound> maximum);
std::optional<std::string> number_gbnf(std::optional<Bound> minimum, std::optional<Bound> maximum);

}  // namespace decant
