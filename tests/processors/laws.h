// What holds for every truncation, and random vectors to try it on.
#pragma once

#include <rapidcheck/gtest.h>

#include <numeric>
#include <random>

#include "processors/support.h"

namespace decant {

// check(logits) for 100 vectors of one drawn kind: 100 cases of a property make 10,000. Some token is left in each.
template <class Check>
void on_random_vectors(const Check& check) {
  const auto largest = *rc::gen::element(4, 30, 300, 300, 1500);
  const auto spread = *rc::gen::element(.1f, 1.f, 3.f, 10.f);
  const bool coarse = *rc::gen::arbitrary<bool>();
  const double gone = *rc::gen::element(0., .3);
  const auto seed = *rc::gen::arbitrary<unsigned>();
  for (unsigned i = 0; i < 100; ++i) {
    const auto n = 1 + static_cast<int>((seed / 2 + i * 7919) % static_cast<unsigned>(largest));
    Floats logits = random_scores(seed + i, {n, spread, coarse, gone});
    if (*std::max_element(logits.begin(), logits.end()) == -inf) logits[0] = 0;
    check(logits);
  }
}

// `expected`: the reference, which carries out the same on its own scores.
template <class Expected>
void equals_reference(const Processor& processor, const Context& context, const Floats& logits, Expected expected) {
  reference::Reference reference{logits};
  expected(reference);
  if (reference.clear) RC_ASSERT(after_in(context, processor, logits) == reference.scores);
}

// Adding one number to all scores changes nothing. (Quarters plus a whole number: sums are exact.)
inline void ignores_a_shift(const Processor& processor, const Context& context) {
  const auto seed = *rc::gen::arbitrary<unsigned>();
  const Floats logits = random_scores(seed, {*rc::gen::inRange(1, 700), 3, true, .1});
  RC_PRE(*std::max_element(logits.begin(), logits.end()) > -inf);
  Floats shifted = logits;
  const auto shift = static_cast<float>(*rc::gen::inRange(-50, 50));
  for (float& score : shifted) score += shift;
  Scores one = scores_of(logits), other = scores_of(shifted);
  processor(one, context);
  processor(other, context);
  for (Token id = 0; id < one.n_vocab(); ++id) {
    RC_ASSERT((one.score(id) == -inf) == (other.score(id) == -inf));
    RC_ASSERT(std::abs(one.probability(id) - other.probability(id)) < 1e-6);
  }
}

// Renaming the tokens renames the result. (No ties: among equals the id decides.)
inline void ignores_names(const Processor& processor, const Context& context) {
  const auto seed = *rc::gen::arbitrary<unsigned>();
  const Floats logits = random_scores(seed, {*rc::gen::inRange(1, 700), 3});
  Floats sorted = logits;
  std::sort(sorted.begin(), sorted.end());
  RC_PRE(std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end());
  Tokens names(logits.size());
  std::iota(names.begin(), names.end(), 0);
  std::shuffle(names.begin(), names.end(), std::mt19937(seed));
  Floats renamed(logits.size());
  for (std::size_t id = 0; id < logits.size(); ++id) renamed[names[id]] = logits[id];
  Scores one = scores_of(logits), other = scores_of(renamed);
  processor(one, context);
  processor(other, context);
  for (Token id = 0; id < one.n_vocab(); ++id) {
    RC_ASSERT((one.score(id) == -inf) == (other.score(names[id]) == -inf));
    RC_ASSERT(std::abs(one.probability(id) - other.probability(names[id])) < 1e-6);
  }
}

}  // namespace decant
