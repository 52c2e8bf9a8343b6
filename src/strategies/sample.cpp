// Multinomial (ancestral) sampling: each token drawn from the model's distribution as the processors left it.
//
// Tested by tests/strategies/sample_test.cpp: every token against the race over the law's definition.
// A token is drawn by a race: the one whose logarithm of probability and Gumbel noise add up to the most. The noise is
// a function of (seed, sequence, position, token) alone: num_return_sequences = n are the same n texts as n Runs would
// give if each knew its number, no company changes them, and scores that differ a little seldom change who wins.
// Deviation from Hugging Face: another generator, the same law.
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
