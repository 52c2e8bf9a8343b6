// Multinomial (ancestral) sampling: each token drawn from the model's distribution as the processors left it.
//
// Tested by tests/strategies/sample_test.cpp: the law exactly, by enumeration of the uniform variate.
// Tokens are laid on [0, 1) by falling probability, equal ones by rising id, and the draw u picks the one it falls on.
// u is a function of (seed, sequence, position) alone: num_return_sequences = n are the same n texts as n Runs would
// give if each knew its number, and no company changes them. Deviation from Hugging Face: another generator, the same
// law.
#include "strategies/row.h"
#include "strategies/scoring.h"
#include "strategies/speculative.h"

namespace decant {
namespace {

Task<void> sample(Run& run) {
  Scoring plain;
  co_await write_texts(run, plain, true);
}

const Registered<StrategyRow> sample_row({.name = "sample",
                                          .order = 2,
                                          .run = sample,
                                          .doc = "each token drawn from the distribution that the processors leave",
                                          .draws_for = "greedy",
                                          .reads = with_speculation({"num_return_sequences", sampling_group}),
                                          .check = [](const auto& config) { check_speculation(config, true); },
                                          .draws = always});

}  // namespace
}  // namespace decant
