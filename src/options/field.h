// One row of an option table: everything that is said about an option, said once. Flags, help, JSON, checks and the
// reference page are functions of these rows.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "options/given.h"

namespace decant {

// What a value must be besides its type: a number between bounds (each element, for a list), or one of some words.
struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool low_is_open = false;  // the bound itself is not allowed
  std::span<const std::string_view> words = {};
  std::span<const std::string_view> (*choices)() = nullptr;  // the words, where they are known only once main() begins
};

constexpr Range at_least(double low) { return {.low = low}; }
constexpr Range more_than(double low) { return {.low = low, .low_is_open = true}; }
constexpr Range between(double low, double high) { return {.low = low, .high = high}; }
constexpr Range more_than_up_to(double low, double high) { return {.low = low, .high = high, .low_is_open = true}; }
constexpr Range one_of(std::span<const std::string_view> words) { return {.words = words}; }
constexpr Range one_of(std::span<const std::string_view> (*choices)()) { return {.choices = choices}; }

struct FieldInfo {
  std::string_view name;   // Hugging Face's; a flag writes it with dashes
  std::string_view group;  // heading in help and reference
  Range range = {};
  std::string_view doc;                          // one line
  std::string_view when;                         // one line: when to change it
  std::array<std::string_view, 3> aliases = {};  // further flags, the one to show first; "" behind the last
  bool advanced = false;                         // not in the short help
  std::string_view needs = {};                   // the option without which this one does nothing
  std::string_view off = {};                     // the value at which it does nothing, where that is not the default
  bool told = false;                             // in the one sentence that says how a text was made
  int order = 0;  // among the rows of its group, the lower first; equal ones as they come, then by name
};

constexpr std::span<const std::string_view> aliases(const FieldInfo& field) {
  std::size_t count = 0;
  while (count < field.aliases.size() && !field.aliases[count].empty()) ++count;
  return std::span(field.aliases).first(count);
}

// The types that an option can have; an empty optional is "not set".
template <class... Type>
struct TypeList {
  template <class Options>
  using Members = std::variant<Type Options::*..., const std::variant<Type...>*>;
  using Values = std::variant<const Type*...>;
  using Slots = std::variant<Type*...>;
  using Owned = std::variant<Type...>;
};
using OptionTypes =
    TypeList<bool, int, double, std::string, std::optional<bool>, std::optional<int>, std::optional<double>,
             std::uint64_t, std::optional<std::uint64_t>, std::optional<std::vector<int>>, std::vector<int>,
             std::vector<double>, std::vector<std::string>>;

using OwnValue = OptionTypes::Owned;  // of an option that is no member of the struct

template <class Options>
struct Field : FieldInfo {
  OptionTypes::Members<Options> member;  // or the default of what is none: its value stands in the struct's OwnValues
};

template <class Options>
using Fields = std::span<const Field<Options>>;

}  // namespace decant
