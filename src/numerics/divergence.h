// How far two distributions are from their mean.
#pragma once

#include <span>

namespace decant {

// Half of KL(M || P) + KL(M || Q), in nats, of P = softmax(p), Q = softmax(q) and their mean M: as DoLa measures it
// (Chuang et al. 2024; the Jensen-Shannon divergence has M as second argument). Absolute error below 1e-5. The sizes
// are equal; `log_sum_p` and `log_sum_q` are ln of the sums of the exponentials; no element is infinite.
double divergence_from_mean(std::span<const float> p, double log_sum_p, std::span<const float> q, double log_sum_q);

}  // namespace decant
