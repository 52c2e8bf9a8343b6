#include "options/strategy.h"

namespace decant {

std::string to_string(Strategies strategies) {
  std::string text;
  for (std::size_t i = 0; i < strategy_names.size(); ++i) {
    if (!strategies.contains(static_cast<Strategy>(i))) continue;
    if (!text.empty()) text += ", ";
    text += strategy_names[i];
  }
  return text;
}

}  // namespace decant
