// Hugging Face's processors written again from their definitions, on whole vocabularies, in double, with full sorts.
//
// Scores stay float between processors as they do there; softmax, sums and thresholds are double. Where a probability
// lies within `margin` of a boundary, float and double may disagree about it: `clear` says that none did.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <vector>

#include "base/token.h"

namespace decant::reference {

constexpr float removed = -std::numeric_limits<float>::infinity();
constexpr double margin = 1e-6;

inline std::vector<double> softmax(const std::vector<float>& scores) {
  const double max = *std::max_element(scores.begin(), scores.end());
  std::vector<double> p;
  for (const float score : scores) p.push_back(std::exp(score - max));
  const double sum = std::accumulate(p.begin(), p.end(), 0.0);
  for (double& x : p) x /= sum;
  return p;
}

// All ids by falling score, equal ones by rising id.
inline std::vector<Token> ranking(const std::vector<float>& scores) {
  std::vector<Token> ids(scores.size());
  std::iota(ids.begin(), ids.end(), 0);
  std::stable_sort(ids.begin(), ids.end(), [&](Token a, Token b) { return scores[a] > scores[b]; });
  return ids;
}

struct Reference {
  std::vector<float> scores;
  bool clear = true;

  void repetition_penalty(double penalty, const std::vector<Token>& tokens) {
    const auto r = static_cast<float>(penalty);
    for (const Token id : std::set<Token>(tokens.begin(), tokens.end())) {
      scores[id] = scores[id] < 0 ? scores[id] * r : scores[id] / r;
    }
  }

  void temperature(double t) {
    for (float& score : scores) score /= static_cast<float>(t);
  }

  void top_k(int k, int min_keep = 1) {
    const std::size_t kept = std::min<std::size_t>(std::max(k, min_keep), scores.size());
    std::vector<float> sorted = scores;
    std::sort(sorted.rbegin(), sorted.rend());
    for (float& score : scores) {
      if (score < sorted[kept - 1]) score = removed;
    }
  }

  // From the unlikeliest upwards, as there: whatever the mass 1 - p covers goes.
  void top_p(double p, int min_keep = 1) {
    const auto probabilities = softmax(scores);
    auto ids = ranking(scores);
    double cumulative = 0;
    while (static_cast<int>(ids.size()) > min_keep) {
      cumulative += probabilities[ids.back()];
      if (std::abs(cumulative - (1 - p)) < margin) clear = false;
      if (cumulative > 1 - p) break;
      scores[ids.back()] = removed;
      ids.pop_back();
    }
  }

  void min_p(double p, int min_keep = 1) {
    const auto probabilities = softmax(scores);
    const auto ids = ranking(scores);
    const double threshold = p * probabilities[ids[0]];
    for (std::size_t rank = static_cast<std::size_t>(min_keep); rank < ids.size(); ++rank) {
      const double own = probabilities[ids[rank]];
      if (own > 0 && std::abs(own / threshold - 1) < 10 * margin) clear = false;  // half a unit of a score near 100
      if (own < threshold) scores[ids[rank]] = removed;
    }
  }
};

}  // namespace decant::reference
