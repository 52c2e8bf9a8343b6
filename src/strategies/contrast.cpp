// Tested by tests/strategies/contrastive_decoding_test.cpp and dola_test.cpp.
#include "strategies/contrast.h"

#include "options/resolve.h"

namespace decant {

Task<void> write_texts(Run& run, Contrast& contrast) {
  const bool drawn = draws(run.config(), resolve_strategy(run.config()));
  std::vector<Node> tips(static_cast<std::size_t>(run.config().num_return_sequences), run.prompt());
  std::vector<int> live;  // the sequences that go on; tips[i] is the end of live[i]
  for (int sequence = 0; sequence < run.config().num_return_sequences; ++sequence) live.push_back(sequence);

  while (!live.empty()) {
    const std::vector<Ask> asks = contrast.asks(tips);
    auto rows = co_await run.eval(asks);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < live.size(); ++i) {
      const Step step = run.process(live[i], tips[i], rows[i], contrast.feed(rows, i, live.size()));
      Why why;
      if (drawn) why.u = run.uniform(live[i], tips[i]);
      const Token token = drawn ? step.scores.draw(*why.u) : contrast.best(step);
      if (run.wants_decisions()) why.strategy = contrast.explain(step, token);
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
