// Selection of the largest among many scores, in one pass over them and a few microseconds.
//
// Results are ranked (rank.h). Elements of -infinity are removed ones and are never selected. The list passed in is
// overwritten and keeps its capacity. Scores hold no NaN.
#pragma once

#include <span>
#include <vector>

#include "numerics/rank.h"

namespace decant {

// A beginning of the ranking with at least k elements (all there are, if fewer). More than k where they cost nothing.
void leading(std::span<const float> scores, int k, std::vector<Candidate>& found);

// The k largest (all there are, if fewer).
void top_k(std::span<const float> scores, int k, std::vector<Candidate>& found);

// The k largest quotients score / divisor and everything equal to the k-th of them. (Hardly slower than without the
// divisor: only what can be among them is divided.) No quotient may overflow to +infinity.
void top_k_with_ties(std::span<const float> scores, float divisor, int k, std::vector<Candidate>& found);

// Everything that is not below the threshold.
void select_at_least(std::span<const float> scores, float threshold, std::vector<Candidate>& found);

// Where to look: a guess, from a sample, at the threshold that lets through at least `count` of the scores under
// `below`, and the given share of their mass Σ e^score. Lower than `below`; -infinity where all may be needed.
float guess_threshold(std::span<const float> scores, float below, int count, double share);

}  // namespace decant
