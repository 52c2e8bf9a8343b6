// Columns of text beside each other in a terminal, as many at a time as fit.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace decant {

struct SideBySide {
  int terminal;    // its columns
  int gutter = 0;  // columns before the first one, for names of rows

  int at_once(int columns) const;  // columns in a block, evenly
  int column_width(int at_once) const;

  // Calls show(first column, columns, width of each) for each block.
  using Show = std::function<std::string(int begin, int count, int width)>;
  std::string blocks(int columns, const Show& show) const;

  std::string row(std::string_view name, std::span<const std::string> cells) const;
  std::string lines(const std::vector<std::vector<std::string>>& cells, int column) const;  // each cell's, one by one
  std::string rule(int columns, int column) const;
};

}  // namespace decant
