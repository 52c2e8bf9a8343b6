// A distribution that lives across awaits: what the processors left of a step, as probabilities.
#pragma once

#include <vector>

#include "base/token.h"
#include "processors/scores.h"

namespace decant {

class Law {
 public:
  Law() = default;
  explicit Law(Scores& scores);

  double p(Token token) const;  // 0: removed
  int n_vocab() const { return n_vocab_; }
  bool is_sparse() const { return dense_.empty(); }

  // f(token, p) for every token with p > 0, by rising id.
  template <class F>
  void for_each(F f) const {
    for (const Entry& each : sparse_) f(each.token, each.p);
    for (std::size_t i = 0; i < dense_.size(); ++i) {
      if (dense_[i] > 0) f(static_cast<Token>(i), dense_[i]);
    }
  }

 private:
  struct Entry {
    Token token;
    double p;
  };
  int n_vocab_ = 0;
  std::vector<Entry> sparse_;  // by rising token; where few tokens are left
  std::vector<double> dense_;  // else: by token
};

}  // namespace decant
