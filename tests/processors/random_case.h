// Random texts and distributions for the processors that look at both, small enough that everything happens.
#pragma once

#include <random>

#include "processors/support.h"

namespace decant {

// One step: at most 24 tokens of vocabulary, a text of at most 30 with repeats, scores with ties and removed tokens.
// Further draws come from the same generator, so that the seed is the whole case.
class RandomCase {
 public:
  explicit RandomCase(unsigned seed) : generator_(seed) {
    n_vocab = integer(1, 24);
    logits = random_scores(seed, {n_vocab, 3, integer(0, 2) == 0, integer(0, 1) * .2});
    logits[id()] = 1;  // something is left
    tokens = ids(0, 20);
    const Tokens copy(tokens.begin() + integer(0, static_cast<int>(tokens.size())), tokens.end());
    for (int i = integer(0, 2); i > 0; --i) tokens.insert(tokens.end(), copy.begin(), copy.end());
    tokens.resize(std::min<std::size_t>(tokens.size(), 30));
    n_prompt = integer(0, static_cast<int>(tokens.size()));
  }

  int integer(int low, int high) { return std::uniform_int_distribution(low, high)(generator_); }
  Token id() { return integer(0, n_vocab - 1); }
  Tokens ids(int fewest, int most) {
    Tokens result(static_cast<std::size_t>(integer(fewest, most)));
    for (Token& token : result) token = id();
    return result;
  }
  double element(const Doubles& values) { return values[integer(0, static_cast<int>(values.size()) - 1)]; }

  Context context() const { return {.tokens = tokens, .n_prompt = n_prompt}; }
  Tokens prompt() const { return {tokens.begin(), tokens.begin() + n_prompt}; }
  int length() const { return static_cast<int>(tokens.size()); }

  int n_vocab;
  Floats logits;
  Tokens tokens;
  int n_prompt;

 private:
  std::mt19937 generator_;
};

inline bool contains(const Tokens& tokens, Token token) {
  return std::find(tokens.begin(), tokens.end(), token) != tokens.end();
}

// The scores without these tokens.
inline Floats without(Floats scores, const Tokens& ids) {
  for (const Token id : ids) scores[id] = -inf;
  return scores;
}

// The same tokens are removed, and the other scores differ by no more than a few roundings.
inline bool near(const Floats& found, const Doubles& expected, double tolerance = 1e-6) {
  for (std::size_t i = 0; i < found.size(); ++i) {
    if ((found[i] == -inf) != std::isinf(expected[i])) return false;
    if (found[i] == -inf) continue;
    if (std::abs(found[i] - expected[i]) > tolerance * std::max(1., std::abs(expected[i]))) return false;
  }
  return found.size() == expected.size();
}

}  // namespace decant
