#include "processors/top_k.h"

#include "processors/min_tokens_to_keep.h"

namespace decant {

TopK::TopK(int k, int min_tokens_to_keep) : k_(std::max(k, checked_min_tokens_to_keep(min_tokens_to_keep))) {
  if (k < 1) throw Error(ErrorKind::usage, "top_k is {}: it must be at least 1 to have an effect", k);
}

void TopK::operator()(Scores& scores, const Context&) const { scores.keep_top(k_); }

}  // namespace decant
