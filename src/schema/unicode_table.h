// What patterns need to know of Unicode; the tables are made by scripts/unicode_table.py.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace decant::unicode {

struct CaseRun {  // each `step`-th character from first to last is matched, without regard to case, as the one
                  // `distance` on
  char32_t first, last;
  int step;
  std::int32_t distance;
};

struct ScriptName {
  std::string_view code, name;
};

// The first code point of each run, and in the low byte the run's index in categories() or scripts().
std::span<const std::uint32_t> category_runs();
std::span<const std::uint32_t> script_runs();
std::span<const CaseRun> case_runs();
std::span<const std::string_view> categories();
std::span<const ScriptName> scripts();

}  // namespace decant::unicode
