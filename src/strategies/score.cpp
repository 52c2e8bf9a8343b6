// Tested by tests/strategies/score_test.cpp.
#include "strategies/score.h"

#include <algorithm>
#include <span>

namespace decant {
namespace {

// Distributions that are read in one eval: enough to be as fast as a prompt is read, few enough that their rows of
// logits are small beside a model.
constexpr int kAtOnce = 64;

// The places from `tip` on whose next tokens are the next ones of the text.
std::vector<Node> places(const Node& tip, std::span<const Token> next, int n_context) {
  std::vector<Node> nodes = {tip};
  const auto most = static_cast<std::size_t>(std::clamp(n_context - tip.length() + 1, 1, kAtOnce));
  for (std::size_t i = 0; i + 1 < std::min(most, next.size()); ++i) nodes.push_back(nodes[i].child(next[i]));
  return nodes;
}

Task<void> follow(Run& run, std::vector<Token> text) {
  Node tip = run.prompt();
  for (std::size_t at = 0; at < text.size() && !run.finished(0);) {
    const auto nodes = places(tip, std::span(text).subspan(at), run.model_info().n_context);
    auto rows = co_await run.eval(nodes);
    for (std::size_t i = 0; i < nodes.size() && !run.finished(0); ++i) {
      const Step step = run.process(0, tip, rows[i]);
      tip = run.emit(0, step, text[at++]);
    }
  }
}

}  // namespace

StrategyFunction score(std::vector<Token> text) {
  return [text = std::move(text)](Run& run) { return follow(run, text); };
}

}  // namespace decant
