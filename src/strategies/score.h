// Teacher forcing: the distributions along a text that is given, each token with the probability that it would have
// had.
#pragma once

#include <vector>

#include "run/run.h"

namespace decant {

// Ends where the text ends or the Run's own rules end it. Every token is emitted, whatever the processors did to it.
StrategyFunction score(std::vector<Token> text);

}  // namespace decant
