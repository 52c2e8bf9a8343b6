// The strategies by name: a table.
#pragma once

#include <span>
#include <string_view>

#include "options/strategy.h"
#include "run/run.h"

namespace decant {

struct StrategyEntry {
  Strategy strategy;
  Task<void> (*run)(Run&);
  std::string_view doc;  // one line
};

std::span<const StrategyEntry> strategies();
const StrategyEntry& entry(Strategy strategy);

}  // namespace decant
