// A race by its definition: everybody runs.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "numerics/gumbel.h"

namespace decant::testing {

// All tokens whose scores (by id, the logarithms of weights) are not -infinity, the first one first.
template <class Scores>
std::vector<Token> whole_race(const Scores& scores, const GumbelNoise& noise) {
  const double best = static_cast<double>(*std::max_element(scores.begin(), scores.end()));
  struct Runner {
    Token id;
    double score, sum;
  };
  std::vector<Runner> runners;
  for (std::size_t id = 0; id < scores.size(); ++id) {
    const auto score = static_cast<double>(scores[id]);
    const auto token = static_cast<Token>(id);
    if (!std::isinf(score)) runners.push_back({token, score, score - best + noise(token)});
  }
  std::stable_sort(runners.begin(), runners.end(),
                   [](const Runner& a, const Runner& b) { return a.sum != b.sum ? a.sum > b.sum : a.score > b.score; });
  std::vector<Token> ids;
  for (const Runner& each : runners) ids.push_back(each.id);
  return ids;
}

template <class Scores>
Token winner_of(const Scores& scores, const GumbelNoise& noise) {
  return whole_race(scores, noise).front();
}

}  // namespace decant::testing
