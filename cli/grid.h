// The points of a sweep: settings x values of options x prompts. They are numbered, settings slowest, then the options
// in their order, prompts fastest; a point is made when it is asked for, so that a sweep can have any number of them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/columns.h"
#include "options/table.h"

namespace decant {

using OptionField = Field<GenerationConfig>;

struct Axis {
  const OptionField* field;
  std::vector<std::vector<std::string>> values;  // each a text, or for an option with many texts several

  std::string label(std::size_t value) const;
};

// "top_k=2,5,50"; values that have commas are separated by semicolons: "dola_layers=low;18,20". Throws Error(usage).
Axis parse_axis(std::string_view text);

// Sets the option, whatever it was before.
void replace(GenerationConfig& config, const OptionField& field, std::span<const std::string> texts);

class Grid {
 public:
  // At least one column. Throws Error(usage) for two axes with one option, none of its values, or too many points.
  Grid(std::vector<Column> columns, std::vector<Axis> axes, std::size_t prompts);

  const std::vector<Column>& columns() const { return columns_; }
  const std::vector<Axis>& axes() const { return axes_; }
  std::size_t prompts() const { return prompts_; }
  std::uint64_t combinations() const { return combinations_; }  // of settings and values
  std::uint64_t points() const { return combinations_ * prompts_; }

  // All combinations; of a grid too large for that, those from whose options and costs the others' can be told: the
  // corners, where each axis has its first, its last, its least or its greatest value, and a line through every value.
  std::vector<std::uint64_t> telling() const;

  // Which column, then which value of each axis.
  std::vector<std::size_t> places(std::uint64_t combination) const;

  // The combination's options, resolved; a seed that nobody gave stays unset. Throws Error(usage).
  Column at(std::uint64_t combination) const;

  std::string describe(std::uint64_t combination) const;  // "greedy, penalty_alpha=0.1 top_k=2"

 private:
  std::uint64_t number_of(const std::vector<std::size_t>& places) const;  // the inverse of places()

  std::vector<Column> columns_;
  std::vector<Axis> axes_;
  std::size_t prompts_;
  std::uint64_t combinations_ = 1;
};

}  // namespace decant
