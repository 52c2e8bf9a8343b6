#include "strategies/registry.h"

#include "strategies/greedy.h"
#include "strategies/sample.h"

namespace decant {

std::span<const StrategyEntry> strategies() {
  static constexpr StrategyEntry table[] = {  // in the order of enum Strategy
      {Strategy::greedy, greedy, "the likeliest token, every time"},
      {Strategy::sample, sample, "each token drawn from the distribution that the processors leave"},
  };
  return table;
}

const StrategyEntry& entry(Strategy strategy) { return strategies()[static_cast<std::size_t>(strategy)]; }

}  // namespace decant
