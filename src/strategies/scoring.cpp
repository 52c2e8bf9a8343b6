// Tested by tests/strategies/sample_test.cpp, contrastive_decoding_test.cpp and dola_test.cpp.
#include "strategies/scoring.h"

namespace decant {

std::vector<Candidate> Scoring::best(const Step& step, int n) {
  const std::span<const Candidate> top = step.scores.top(n);
  return {top.begin(), top.end()};
}

}  // namespace decant
