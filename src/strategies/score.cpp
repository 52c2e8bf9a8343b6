// Tested by tests/strategies/score_test.cpp.
#include "strategies/score.h"

namespace decant {
namespace {

Task<void> follow(Run& run, std::vector<Token> text) {
  Node tip = run.prompt();
  for (const Token token : text) {
    if (run.finished(0)) break;
    auto rows = co_await run.eval(tip);
    const Step step = run.process(0, tip, rows[0]);
    tip = run.emit(0, step, token);
  }
}

}  // namespace

StrategyFunction score(std::vector<Token> text) {
  return [text = std::move(text)](Run& run) { return follow(run, text); };
}

}  // namespace decant
