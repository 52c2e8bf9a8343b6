// Tested by tests/engine/parts_test.cpp.
#include "engine/cost.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "run/stop.h"

namespace decant {
namespace {

int clamped(long long value) { return static_cast<int>(std::clamp<long long>(value, 1, 1 << 30)); }

void insert(std::vector<int>& largest, int more, std::size_t live) {
  largest.insert(std::upper_bound(largest.begin(), largest.end(), more, std::greater<>()), more);
  if (largest.size() > live) largest.pop_back();
}

}  // namespace

Cost cost_of(const GenerationConfig& config, const Room& room, int prompt_tokens, int negative_tokens, int longest) {
  const int sides = config.guidance_scale != 1 ? 2 : 1;  // guidance reads every text behind the negative prompt, too
  const long long length = std::min(max_length(config, prompt_tokens), longest);
  const long long more = std::max<long long>(length - prompt_tokens, 0) * room.texts * sides;
  const long long tried = static_cast<long long>(room.tried) * sides;
  return {.cells = clamped(more + negative_tokens + prompt_tokens + 2 + tried),
          .branches = clamped(static_cast<long long>(room.texts) * sides + tried)};
}

Cost cost_of_further(const GenerationConfig& config, const Room& room, int prompt_tokens, int negative_tokens,
                     int longest) {
  return {.cells = cost_of(config, room, prompt_tokens, negative_tokens, longest).cells, .branches = room.texts};
}

void CostsAtOnce::add(const Cost& cost) {
  insert(cells_, cost.cells, live_);
  insert(branches_, cost.branches, live_);
}

Cost CostsAtOnce::sum() const {
  return {.cells = clamped(std::accumulate(cells_.begin(), cells_.end(), 0LL)),
          .branches = clamped(std::accumulate(branches_.begin(), branches_.end(), 0LL))};
}

}  // namespace decant
