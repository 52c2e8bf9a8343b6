// Greedy search: the likeliest token, every time.
//
// Tested by tests/strategies/greedy_test.cpp; equals Hugging Face's generate(do_sample=False, num_beams=1).
// Processors run as there (a repetition penalty changes the text, warpers such as temperature cannot). Of equal scores
// the lowest id wins.
#include "strategies/row.h"
#include "strategies/scoring.h"
#include "strategies/speculative.h"

namespace decant {
namespace {

Task<void> greedy(Run& run) {
  Scoring plain;
  co_await write_texts(run, plain, false);
}

const Registered<StrategyRow> greedy_row({.name = "greedy",
                                          .order = 1,
                                          .run = greedy,
                                          .doc = "the likeliest token, every time",
                                          .reads = with_speculation({}),
                                          .check = [](const auto& config) { check_speculation(config, false); }});

}  // namespace
}  // namespace decant
