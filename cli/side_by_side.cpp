// Tested by tests/cli/comparison_test.cpp, compare_test.py and chat_test.py.
#include "cli/side_by_side.h"

#include <algorithm>

#include "cli/style.h"

namespace decant {
namespace {

constexpr std::string_view gap = " │ ";
constexpr int kGap = 3;  // its columns
constexpr int kNarrowest = 20, kWidest = 100;

}  // namespace

int SideBySide::at_once(int columns) const {
  const int fitting = std::max(1, (terminal - gutter + kGap) / (kNarrowest + kGap));
  const int blocks = (columns + fitting - 1) / fitting;
  return (columns + blocks - 1) / blocks;
}

int SideBySide::column_width(int at_once) const {
  const int room = std::max(terminal - gutter, 1);
  return std::clamp((room + kGap) / at_once - kGap, std::min(kNarrowest, room), kWidest);
}

std::string SideBySide::blocks(int columns, const Show& show) const {
  std::string text;
  const int count = at_once(columns);
  for (int begin = 0; begin < columns; begin += count) {
    if (begin > 0) text += "\n";
    text += show(begin, std::min(count, columns - begin), column_width(count));
  }
  return text;
}

std::string SideBySide::row(std::string_view name, std::span<const std::string> cells) const {
  std::string line = fit(name, gutter);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line += gap;
    line += cells[i];
  }
  line.resize(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::string SideBySide::lines(const std::vector<std::vector<std::string>>& cells, int column) const {
  std::size_t height = 0;
  for (const auto& cell : cells) height = std::max(height, cell.size());
  std::string text;
  for (std::size_t i = 0; i < height; ++i) {
    std::vector<std::string> line;
    for (const auto& cell : cells)
      line.push_back(i < cell.size() ? cell[i] : std::string(static_cast<std::size_t>(column), ' '));
    text += row("", line);
  }
  return text;
}

std::string SideBySide::rule(int columns, int column) const {
  std::string text(static_cast<std::size_t>(gutter), ' ');
  for (int i = 0; i < columns; ++i) {
    if (i > 0) text += "─┼─";
    for (int j = 0; j < column; ++j) text += "─";
  }
  return text + "\n";
}

}  // namespace decant
