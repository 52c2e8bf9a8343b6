// Multinomial (ancestral) sampling: each token drawn from the model's distribution as the processors left it.
//
// Tested by tests/strategies/sample_test.cpp: the law exactly, by enumeration of the uniform variate.
// Tokens are laid on [0, 1) by falling probability, equal ones by rising id, and the draw u picks the one it falls on.
// u is a function of (seed, sequence, position) alone: num_return_sequences = n are the same n texts as n Runs would
// give if each knew its number, and no company changes them. Deviation from Hugging Face: another generator, the same
// law.
#include "strategies/sample.h"

namespace decant {

Task<void> sample(Run& run) {
  std::vector<Node> tips(static_cast<std::size_t>(run.config().num_return_sequences), run.prompt());
  std::vector<int> live;  // the sequences that go on; tips[i] is the end of live[i]
  for (int sequence = 0; sequence < run.config().num_return_sequences; ++sequence) live.push_back(sequence);

  while (!live.empty()) {
    auto rows = co_await run.eval(tips);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < live.size(); ++i) {
      const Step step = run.process(live[i], tips[i], rows[i]);
      const double u = run.uniform(live[i], tips[i]);
      const Node next = run.emit(live[i], step, step.scores.draw(u), Why{.u = u});
      if (run.finished(live[i])) continue;
      live[kept] = live[i];
      tips[kept++] = next;
    }
    live.resize(kept);
    tips.resize(kept);
  }
}

}  // namespace decant
