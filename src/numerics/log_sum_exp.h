// Log-sum-exp, and the sums behind softmax and entropy, of long float lists.
//
// Exponentials in long lists are single precision, their sums double: the relative error of a sum stays below 1e-6.
// Short lists are double throughout. -infinity marks a removed element and counts as zero mass.
#pragma once

#include <span>

namespace decant {

// With x = score - max over the elements: sum = Σ e^x, weighted = Σ x e^x (so that entropy = ln sum - weighted / sum).
struct ExpSum {
  double sum = 0;
  double weighted = 0;

  double entropy() const;  // nats; 0 when nothing is left
};

// `max`: finite, no score above it; for the precision promised, the maximum.
ExpSum exp_sum(std::span<const float> scores, float max);

struct LogSum {
  float max = 0;
  double value = 0;    // ln Σ e^score; -infinity when there is no element left
  bool valid = false;  // no NaN and no +infinity among the scores; else max and value mean nothing
};

LogSum log_sum_exp(std::span<const float> scores);

double log_sum_exp(std::span<const double> scores);

// In nats, of softmax(scores); 0 when there is no element left.
double entropy(std::span<const float> scores);

}  // namespace decant
