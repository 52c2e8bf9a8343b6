// Top-k: the k likeliest tokens, and what ties with the k-th.
//
// Source: Fan et al., "Hierarchical Neural Story Generation", ACL 2018. Equals Hugging Face's TopKLogitsWarper.
#pragma once

#include "processors/processor.h"

namespace decant {

class TopK final : public Processor {
 public:
  explicit TopK(int k, int min_tokens_to_keep = 1);  // both >= 1

  std::string_view name() const override { return "top_k"; }
  void operator()(Scores& scores, const Context& context) const override;

 private:
  int k_;
};

}  // namespace decant
