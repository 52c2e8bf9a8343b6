// Tested by tests/cli/grid_test.cpp.
#include "cli/grid.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <set>

namespace decant {
namespace {

constexpr std::uint64_t kAllTold = 10'000;         // combinations that are looked at before anything runs
constexpr std::uint64_t kMostPoints = 1ull << 53;  // whole numbers that JSON readers keep

std::vector<std::vector<std::string>> split(std::string_view text) {
  const char separator = text.find(';') == text.npos ? ',' : ';';
  std::vector<std::vector<std::string>> values;
  while (true) {
    const std::size_t end = std::min(text.find(separator), text.size());
    std::string_view value = text.substr(0, end);
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
    values.push_back({std::string(value.substr(0, value.find_last_not_of(' ') + 1))});
    if (end == text.size()) return values;
    text.remove_prefix(end + 1);
  }
}

double number_in(const std::vector<std::string>& value) {
  double number = 0;
  if (!value.empty()) std::from_chars(value[0].data(), value[0].data() + value[0].size(), number);
  return number;
}

// Places of the first, the last, the least and the greatest value, each once.
std::vector<std::size_t> ends_of(const Axis& axis) {
  std::set<std::size_t> ends = {0, axis.values.size() - 1};
  const auto less = [](const auto& a, const auto& b) { return number_in(a) < number_in(b); };
  const auto [least, greatest] = std::minmax_element(axis.values.begin(), axis.values.end(), less);
  for (const auto value : {least, greatest}) ends.insert(static_cast<std::size_t>(value - axis.values.begin()));
  return {ends.begin(), ends.end()};
}

}  // namespace

std::string Axis::label(std::size_t value) const { return fmt::format("{}", fmt::join(values[value], ",")); }

Axis parse_axis(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == text.npos || equals == 0) {
    throw Error(ErrorKind::usage, "the grid has '{}' where option=value,value is expected", text);
  }
  if (text.find_first_not_of(" ,;", equals + 1) == text.npos) {
    throw Error(ErrorKind::usage, "the grid's {} has no values: write {}=value,value", text.substr(0, equals),
                text.substr(0, equals));
  }
  return {&get(generation_fields(), text.substr(0, equals)), split(text.substr(equals + 1))};
}

void replace(GenerationConfig& config, const OptionField& field, std::span<const std::string> texts) {
  const auto table = generation_fields();
  config.given.reset(field.name);
  for (const std::string& text : texts) set(config, field, text);
}

Grid::Grid(std::vector<Column> columns, std::vector<Axis> axes, std::size_t prompts)
    : columns_(std::move(columns)), axes_(std::move(axes)), prompts_(prompts) {
  const auto multiply = [&](std::size_t factor) {
    if (combinations_ > kMostPoints / factor / prompts_) {
      throw Error(ErrorKind::usage, "the grid has more than {} points: give fewer values", kMostPoints);
    }
    combinations_ *= factor;
  };
  multiply(columns_.size());
  for (const Axis& axis : axes_) {
    const std::string_view name = axis.field->name;
    if (axis.values.empty()) throw Error(ErrorKind::usage, "the grid's {} has no values", name);
    const auto same = [&](const Axis& other) { return other.field == axis.field; };
    if (std::count_if(axes_.begin(), axes_.end(), same) > 1) {
      throw Error(ErrorKind::usage, "the grid has {} more than once: give all its values together", name);
    }
    multiply(axis.values.size());
  }
}

std::vector<std::size_t> Grid::places(std::uint64_t combination) const {
  std::vector<std::size_t> places(axes_.size() + 1);
  for (std::size_t i = axes_.size(); i > 0; --i) {
    const std::size_t values = axes_[i - 1].values.size();
    places[i] = combination % values;
    combination /= values;
  }
  places[0] = combination;
  return places;
}

std::uint64_t Grid::number_of(const std::vector<std::size_t>& places) const {
  std::uint64_t number = places[0];
  for (std::size_t i = 0; i < axes_.size(); ++i) number = number * axes_[i].values.size() + places[i + 1];
  return number;
}

std::vector<std::uint64_t> Grid::telling() const {
  std::set<std::uint64_t> chosen;
  if (combinations_ <= kAllTold) {
    for (std::uint64_t i = 0; i < combinations_; ++i) chosen.insert(chosen.end(), i);
    return {chosen.begin(), chosen.end()};
  }
  std::vector<std::size_t> place(axes_.size() + 1, 0);
  const auto line = [&](std::size_t axis, std::size_t values) {
    for (std::size_t i = 0; i < values; ++i) {
      place[axis] = i;
      chosen.insert(number_of(place));
    }
    place[axis] = 0;
  };
  line(0, columns_.size());
  for (std::size_t i = 0; i < axes_.size(); ++i) line(i + 1, axes_[i].values.size());
  std::vector<std::vector<std::size_t>> ends = {{0, columns_.size() - 1}};
  for (const Axis& axis : axes_) ends.push_back(ends_of(axis));
  for (std::uint64_t corner = 0; corner < kAllTold; ++corner) {  // the lowest digits first, until all have turned
    std::uint64_t rest = corner;
    for (std::size_t i = 0; i < ends.size(); ++i) {
      place[i] = ends[i][rest % ends[i].size()];
      rest /= ends[i].size();
    }
    if (rest > 0) break;
    chosen.insert(number_of(place));
  }
  return {chosen.begin(), chosen.end()};
}

Column Grid::at(std::uint64_t combination) const {
  const std::vector<std::size_t> where = places(combination);
  Column column = columns_[where[0]];
  for (std::size_t i = 0; i < axes_.size(); ++i) replace(column.config, *axes_[i].field, axes_[i].values[where[i + 1]]);
  const std::string described = describe(combination);
  resolve(column, described.empty() ? "" : fmt::format("at {}", described));
  if (column.config.max_time) {
    throw Error(ErrorKind::usage, "max_time makes the results depend on the machine's speed: drop it from the sweep");
  }
  return column;
}

std::string Grid::describe(std::uint64_t combination) const {
  const std::vector<std::size_t> where = places(combination);
  std::string text;
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    text += fmt::format("{}{}={}", i == 0 ? "" : " ", axes_[i].field->name, axes_[i].label(where[i + 1]));
  }
  const std::string& label = columns_[where[0]].label;
  if (label.empty()) return text;
  return text.empty() ? label : fmt::format("{}, {}", label, text);
}

}  // namespace decant
