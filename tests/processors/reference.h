// The processors written again from their definitions, on whole vocabularies, in double, with full sorts.
//
// Scores stay float between processors as they do in Hugging Face's; softmax, sums and thresholds are double. Where a
// probability lies within `margin` of a boundary, float and double may disagree about it: `clear` says that none did.
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

inline double entropy_of(const std::vector<double>& p) {
  double entropy = 0;
  for (const double x : p) entropy -= x > 0 ? x * std::log(x) : 0;
  return entropy;
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

  // The 100 best; then from the best downwards, as long as the sum of entropy terms stays within h of the whole.
  void top_h(double h, int min_keep = 1) {
    const auto ids = ranking(scores);
    const std::size_t considered = std::min<std::size_t>(ids.size(), 100);
    std::vector<float> best;
    for (std::size_t rank = 0; rank < considered; ++rank) best.push_back(scores[ids[rank]]);
    const auto p = softmax(best);
    const auto term = [](double x) { return x > 0 ? -x * std::log(x) : 0; };
    double entropy = 0, sum = 0;
    for (const double x : p) entropy += term(x);
    for (std::size_t rank = 0; rank < ids.size(); ++rank) {
      if (rank < considered) sum += term(p[rank]);
      if (std::abs(sum - h * entropy) < 2 * margin) clear = false;
      const bool kept = rank == 0 || (rank < considered && sum <= h * entropy);
      if (!kept && static_cast<int>(rank) >= min_keep) scores[ids[rank]] = removed;
    }
  }

  // By |-ln p - H|, until the mass is reached; larger distances than the last one's go.
  void typical_p(double mass, int min_keep = 1) {
    const auto p = softmax(scores);
    const double entropy = entropy_of(p);
    std::vector<double> distance;
    for (const double x : p) distance.push_back(std::abs(-std::log(x) - entropy));
    std::vector<Token> ids(scores.size());
    std::iota(ids.begin(), ids.end(), 0);
    std::stable_sort(ids.begin(), ids.end(), [&](Token a, Token b) { return distance[a] < distance[b]; });
    std::size_t last = 0;
    double cumulative = 0;
    for (std::size_t rank = 0; rank < ids.size(); ++rank) {
      cumulative += p[ids[rank]];
      if (std::abs(cumulative - mass) < margin) clear = false;
      last = rank;
      if (cumulative >= mass) break;
    }
    const auto hardly_differ = [&](Token a, Token b) {
      return scores[a] != scores[b] && std::abs(distance[a] - distance[b]) < 30 * margin;
    };
    const std::size_t forced = static_cast<std::size_t>(min_keep);
    for (std::size_t rank = 0; rank < ids.size(); ++rank) {
      if (hardly_differ(ids[rank], ids[last])) clear = false;
      if (rank >= forced && distance[ids[rank]] > distance[ids[last]]) {
        if (distance[ids[rank]] - distance[ids[forced - 1]] < 30 * margin) clear = false;  // which of them is forced?
        scores[ids[rank]] = removed;
      }
    }
  }

  void epsilon_cutoff(double epsilon, int min_keep = 1) { at_least(epsilon, min_keep); }

  void eta_cutoff(double epsilon, int min_keep = 1) {
    at_least(std::min(epsilon, std::sqrt(epsilon) * std::exp(-entropy_of(softmax(scores)))), min_keep);
  }

  void top_n_sigma(double n) {
    std::vector<double> left;
    for (const float score : scores) {
      if (score > removed) left.push_back(score);
    }
    const auto size = static_cast<double>(left.size());
    const double mean = std::accumulate(left.begin(), left.end(), 0.0) / size;
    double squares = 0;
    for (const double score : left) squares += (score - mean) * (score - mean);
    const double threshold = *std::max_element(left.begin(), left.end()) - n * std::sqrt(squares / size);
    for (float& score : scores) {
      if (std::abs(score - threshold) < 10 * margin) clear = false;
      if (score < threshold) score = removed;
    }
  }

  // When the coin says so.
  void xtc(double threshold, int min_keep = 1) {
    const auto p = softmax(scores);
    const auto ids = ranking(scores);
    int good = 0;
    for (const Token id : ids) {
      good += p[id] >= threshold;
      if (std::abs(p[id] / threshold - 1) < 10 * margin) clear = false;
    }
    const auto left = std::count_if(p.begin(), p.end(), [](double x) { return x > 0; });
    if (threshold > .5 || good < 2 || left - (good - 1) < min_keep) return;
    for (int rank = 0; rank < good - 1; ++rank) scores[ids[rank]] = removed;
  }

  void dynamic_temperature(double temperature, double range, double exponent) {
    const auto p = softmax(scores);
    const auto left = std::count_if(scores.begin(), scores.end(), [](float x) { return x > removed; });
    const auto n = static_cast<double>(left);
    if (n < 2) return;
    const double low = std::max(0.0, temperature - range), high = temperature + range;
    const double t = low + (high - low) * std::pow(entropy_of(p) / std::log(n), exponent);
    for (float& score : scores) score = static_cast<float>(score / t);
  }

  void mirostat_1(double mu, int n_vocab) {
    const auto ids = ranking(scores);
    double products = 0, squares = 0;
    for (std::size_t i = 0; i < 99 && i + 1 < ids.size() && scores[ids[i + 1]] > removed; ++i) {
      const double t = std::log((static_cast<double>(i) + 2) / (static_cast<double>(i) + 1));
      products += t * (double{scores[ids[i]]} - scores[ids[i + 1]]);
      squares += t * t;
    }
    const double s = products / squares, e = s - 1;
    const double k = squares == 0 ? 1 : std::pow(e * std::exp2(mu) / (1 - std::pow(n_vocab, -e)), 1 / s);
    if (std::abs(k - std::round(k)) < 10 * margin * k || std::abs(e) < 1e-3) clear = false;
    for (std::size_t rank = 1; rank < ids.size(); ++rank) {
      if (static_cast<double>(rank) >= std::floor(k)) scores[ids[rank]] = removed;
    }
  }

  void mirostat_2(double mu) {
    const auto p = softmax(scores);
    const auto ids = ranking(scores);
    for (const Token id : ids) {
      const double surprise = -std::log2(p[id]);
      if (std::abs(surprise - mu) < 30 * margin) clear = false;
      if (surprise > mu && id != ids[0]) scores[id] = removed;
    }
  }

  void adaptive_p(double target, double mean) {
    const double aim = std::clamp(2 * target - mean, 0.0, 1.0);
    const auto p = softmax(scores);
    for (std::size_t id = 0; id < p.size(); ++id) {
      const double x = std::abs(p[id] - aim) / .3;
      if (scores[id] > removed) scores[id] = static_cast<float>(5 - 10 * x * x / (1 + x));
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

 private:
  // Tokens less likely than the threshold go, apart from the best and what ties with the last of these.
  void at_least(double threshold, int min_keep) {
    const auto p = softmax(scores);
    const auto ids = ranking(scores);
    const float forced = scores[ids[std::min(ids.size(), static_cast<std::size_t>(min_keep)) - 1]];
    for (std::size_t id = 0; id < p.size(); ++id) {
      if (p[id] > 0 && std::abs(p[id] / threshold - 1) < 30 * margin) clear = false;
      if (p[id] < threshold && scores[id] < forced) scores[id] = removed;
    }
  }
};

}  // namespace decant::reference
