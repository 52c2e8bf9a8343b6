// What a request may come to occupy in a model's cache: the measure by which contexts are made and requests admitted.
#pragma once

#include <vector>

#include "options/generation_config.h"
#include "strategies/row.h"

namespace decant {

struct Cost {
  int cells = 0;     // positions, at most
  int branches = 0;  // texts that are evaluated side by side, at most
};

// On the target model, whose texts are at most `longest` tokens. `negative_tokens`: of the negative prompt.
Cost cost_of(const GenerationConfig& config, const Room& room, int prompt_tokens, int negative_tokens, int longest);

// On a further model, which reads the texts that are kept and nothing that is only tried.
Cost cost_of_further(const GenerationConfig& config, const Room& room, int prompt_tokens, int negative_tokens,
                     int longest);

// What requests of which so many are alive at a time need together.
class CostsAtOnce {
 public:
  explicit CostsAtOnce(int live) : live_(static_cast<std::size_t>(live)) {}
  void add(const Cost& cost);
  Cost sum() const;

 private:
  std::size_t live_;
  std::vector<int> cells_, branches_;  // of those that need most, the largest first
};

}  // namespace decant
