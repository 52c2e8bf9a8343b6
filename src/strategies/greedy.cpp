// Greedy search: the likeliest token, every time.
//
// Tested by tests/strategies/greedy_test.cpp; equals Hugging Face's generate(do_sample=False, num_beams=1).
// Processors run as there (a repetition penalty changes the text, warpers such as temperature cannot). Of equal scores
// the lowest id wins.
#include "strategies/row.h"

namespace decant {
namespace {

Task<void> greedy(Run& run) {
  Node tip = run.prompt();
  while (!run.finished(0)) {
    auto rows = co_await run.eval(tip);
    const Step step = run.process(0, tip, rows[0]);
    tip = run.emit(0, step, step.scores.argmax());
  }
}

const Registered<StrategyRow> greedy_row(
    {.name = "greedy", .order = 1, .run = greedy, .doc = "the likeliest token, every time"});

}  // namespace
}  // namespace decant
