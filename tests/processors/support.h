// Shorthands of the processor tests.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "numerics/random_scores.h"
#include "processors/processor.h"
#include "processors/reference.h"

namespace decant {

constexpr float inf = std::numeric_limits<float>::infinity();

using Floats = std::vector<float>;
using Doubles = std::vector<double>;
using Tokens = std::vector<Token>;

inline Scores scores_of(const Floats& logits) {
  Scores scores;
  scores.reset(logits);
  return scores;
}

// The same distribution as a ranked list: nothing is removed but what is removed already.
inline Scores ranked_scores_of(const Floats& logits) {
  Scores scores = scores_of(logits);
  scores.keep_best(static_cast<int>(logits.size()));
  return scores;
}

inline Floats values(Scores scores, std::size_t n) {
  Floats out(static_cast<std::size_t>(scores.n_vocab()));
  scores.copy_to(out);
  out.resize(n);
  return out;
}

// Scores after the processor, checked to be the same from the dense and from the ranked form.
inline Floats after_in(const Context& context, const Processor& processor, const Floats& logits) {
  Scores dense = scores_of(logits);
  Scores ranked = ranked_scores_of(logits);
  processor(dense, context);
  processor(ranked, context);
  const Floats result = values(dense, logits.size());
  EXPECT_EQ(result, values(ranked, logits.size())) << "the two forms disagree";
  EXPECT_EQ(dense.kept(), ranked.kept());
  return result;
}

inline Floats after(const Processor& processor, const Floats& logits, const Tokens& tokens = {}) {
  return after_in(Context{.tokens = tokens}, processor, logits);
}

inline Tokens kept_by(const Processor& processor, const Floats& logits) {
  const Floats scores = after(processor, logits);
  Tokens kept;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (scores[i] > -inf) kept.push_back(static_cast<Token>(i));
  }
  return kept;
}

inline Floats log_of(const Doubles& probabilities) {
  Floats logits;
  for (const double p : probabilities) logits.push_back(static_cast<float>(std::log(p)));
  return logits;
}

// Empty when the scores equal the reference: the same tokens kept, the same scores, probabilities within 1e-6.
inline std::string difference(Scores& scores, const reference::Reference& expected) {
  const Floats found = values(scores, expected.scores.size());
  const Doubles p = reference::softmax(expected.scores);
  for (std::size_t i = 0; i < found.size(); ++i) {
    const std::string at = "token " + std::to_string(i) + ": ";
    if (found[i] != expected.scores[i]) {
      return at + "score " + std::to_string(found[i]) + ", expected " + std::to_string(expected.scores[i]);
    }
    const double own = scores.probability(static_cast<Token>(i));
    if (std::abs(own - p[i]) > 1e-6) return at + "p " + std::to_string(own) + ", expected " + std::to_string(p[i]);
  }
  return {};
}

}  // namespace decant
