// Score vectors for properties and benchmarks: made from a few numbers, so that a failing case prints and shrinks well.
#pragma once

#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace decant {

struct ScoreShape {
  int n = 0;
  float spread = 3;     // standard deviation
  bool coarse = false;  // rounded to quarters: many ties
  double removed = 0;   // share of -infinity
};

inline std::vector<float> random_scores(unsigned seed, const ScoreShape& shape) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(0, shape.spread);
  std::bernoulli_distribution gone(shape.removed);
  std::vector<float> scores(static_cast<std::size_t>(shape.n));
  for (float& score : scores) {
    score = normal(generator);
    if (shape.coarse) score = std::round(score * 4) / 4;
    if (gone(generator)) score = -std::numeric_limits<float>::infinity();
  }
  return scores;
}

}  // namespace decant
