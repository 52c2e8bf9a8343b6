// Tested by tests/strategies/sample_test.cpp, contrastive_decoding_test.cpp and dola_test.cpp.
#include "strategies/scoring.h"

#include <numeric>

namespace decant {

std::vector<Candidate> Scoring::best(const Step& step, int n) {
  const std::span<const Candidate> top = step.scores.top(n);
  return {top.begin(), top.end()};
}

Task<void> write_texts(Run& run, Scoring& scoring, bool drawn) {
  std::vector<int> live(static_cast<std::size_t>(run.config().num_return_sequences));  // the sequences that go on
  std::iota(live.begin(), live.end(), 0);
  std::vector<Node> tips(live.size(), run.prompt());  // tips[i] is the end of live[i]

  while (!live.empty()) {
    const std::vector<Ask> asks = scoring.asks(tips);
    auto rows = co_await run.eval(asks);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < live.size(); ++i) {
      const Step step = run.process(live[i], tips[i], rows[i], scoring.feed(rows, i, live.size()));
      Why why;
      if (drawn) why.u = run.uniform(live[i], tips[i]);
      const Token token = drawn ? step.scores.draw(*why.u) : scoring.best(step);
      if (run.wants_decisions()) why.strategy = scoring.explain(step, token);
      const Node next = run.emit(live[i], step, token, why);
      if (run.finished(live[i])) continue;
      live[kept] = live[i];
      tips[kept++] = next;
    }
    live.resize(kept);
    tips.resize(kept);
  }
}

}  // namespace decant
