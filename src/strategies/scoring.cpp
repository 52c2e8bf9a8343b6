// Tested by tests/strategies/sample_test.cpp, contrastive_decoding_test.cpp and dola_test.cpp.
#include "strategies/scoring.h"

#include <numeric>
#include <optional>

namespace decant {

std::vector<Candidate> Scoring::best(const Step& step, int n) {
  const std::span<const Candidate> top = step.scores.top(n);
  return {top.begin(), top.end()};
}

namespace {

// The text's next token; null where the processors leave none, and the text ends.
std::optional<Node> write_token(Run& run, Scoring& scoring, bool drawn, int sequence, const Node& tip,
                                const EvalRow& row, const Feed& feed) {
  try {
    const Step step = run.process(sequence, tip, row, feed);
    Why why;
    if (drawn) why.u = run.uniform(sequence, tip);
    const Token token = drawn ? step.scores.draw(*why.u) : scoring.best(step);
    if (run.wants_decisions()) why.strategy = scoring.explain(step, token);
    return run.emit(sequence, step, token, why);
  } catch (const NothingLeft& dead_end) {
    run.end_at_dead_end(sequence, dead_end);
    return {};
  }
}

}  // namespace

Task<void> write_texts(Run& run, Scoring& scoring, bool drawn) {
  std::vector<int> live(static_cast<std::size_t>(run.config().num_return_sequences));  // the sequences that go on
  std::iota(live.begin(), live.end(), 0);
  std::vector<Node> tips(live.size(), run.prompt());  // tips[i] is the end of live[i]

  while (!live.empty()) {
    const std::vector<Ask> asks = scoring.asks(tips);
    auto rows = co_await run.eval(asks);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < live.size(); ++i) {
      const Feed feed = scoring.feed(rows, i, live.size());
      const std::optional<Node> next = write_token(run, scoring, drawn, live[i], tips[i], rows[i], feed);
      if (run.finished(live[i])) continue;
      live[kept] = live[i];
      tips[kept++] = *next;
    }
    live.resize(kept);
    tips.resize(kept);
  }
}

}  // namespace decant
