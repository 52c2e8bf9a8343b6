// Tested by tests/run/law_test.cpp.
#include "run/law.h"

#include <algorithm>
#include <cmath>

namespace decant {
namespace {

constexpr int kDense =
    8;  // a list is shorter, and quicker to go through, when less than an eighth of the tokens is left

}  // namespace

Law::Law(Scores& scores) : n_vocab_(scores.n_vocab()) {
  const float best = scores.max();
  double total = 0;
  const int kept = scores.kept();
  const bool sparse = kept <= n_vocab_ / kDense;
  sparse ? sparse_.reserve(static_cast<std::size_t>(kept)) : dense_.resize(static_cast<std::size_t>(n_vocab_));
  scores.for_each([&](Token token, float score) {
    const double p = std::exp(static_cast<double>(score) - best);
    total += p;
    if (sparse) {
      sparse_.push_back({token, p});
    } else {
      dense_[static_cast<std::size_t>(token)] = p;
    }
  });
  for (Entry& each : sparse_) each.p /= total;
  for (double& each : dense_) each /= total;
  std::sort(sparse_.begin(), sparse_.end(), [](const Entry& a, const Entry& b) { return a.token < b.token; });
}

double Law::p(Token token) const {
  if (!is_sparse()) return dense_[static_cast<std::size_t>(token)];
  const auto before = [](const Entry& entry, Token value) { return entry.token < value; };
  const auto found = std::lower_bound(sparse_.begin(), sparse_.end(), token, before);
  return found == sparse_.end() || found->token != token ? 0 : found->p;
}

}  // namespace decant
