// Tested by tests/strategies/hypotheses_test.cpp.
#include "strategies/hypotheses.h"

#include <algorithm>
#include <cmath>

namespace decant {

Hypotheses::Hypotheses(const GenerationConfig& config, int n_prompt, int max_length, int capacity, bool only_fall)
    : length_penalty_(config.length_penalty),
      stop_when_full_(config.early_stopping == "true"),
      never_(config.early_stopping == "never"),
      bounded_(only_fall || config.hf_compat),
      by_prompt_(config.normalize == "prompt"),
      n_prompt_(n_prompt),
      max_length_(max_length),
      capacity_(capacity) {}

double Hypotheses::normalize(double score, int length) const { return score / std::pow(length, length_penalty_); }

bool Hypotheses::add(Hypothesis hypothesis) {
  if (full() && hypothesis.normalized <= best_.back().normalized) return false;
  const auto better = [](const Hypothesis& a, const Hypothesis& b) { return a.normalized > b.normalized; };
  best_.insert(std::upper_bound(best_.begin(), best_.end(), hypothesis, better), std::move(hypothesis));
  if (static_cast<int>(best_.size()) > capacity_) best_.pop_back();
  return true;
}

bool Hypotheses::can_improve(double score, int n_new) const {
  if (!full()) return true;
  if (stop_when_full_) return false;
  if (never_ && !bounded_) return true;
  const int n = never_ && length_penalty_ > 0 ? max_length_ - n_prompt_ : n_new;
  return normalize(score, length(n, false)) > best_.back().normalized;
}

}  // namespace decant
