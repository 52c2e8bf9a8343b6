// Top-k: the k likeliest tokens, and what ties with the k-th.
//
// Source: Fan et al., "Hierarchical Neural Story Generation", ACL 2018. Equals Hugging Face's TopKLogitsWarper.

#include "processors/min_tokens_to_keep.h"
#include "processors/row.h"

namespace decant {
namespace {

class TopK final : public Processor {
 public:
  TopK(int k, int min_tokens_to_keep) : k_(std::max(k, min_tokens_to_keep)) {
    if (k < 1) throw Error(ErrorKind::usage, "top_k is {}: it must be at least 1 to have an effect", k);
  }

  std::string_view name() const override { return "top_k"; }
  void operator()(Scores& scores, const Context&) const override { scores.keep_top(k_); }

 private:
  int k_;
};

const Registered<ProcessorRow> row({
    .option = "top_k",
    .part = ChainPart::warper,
    .place = 500,
    .order_names = {"top_k"},
    .truncates = true,
    .keeps_best = true,
    .is_on = [](const auto& c, const auto&) { return c.top_k != 0; },
    .make = [](const auto& c, const auto& setup) { return made<TopK>(c.top_k, min_tokens_to_keep(c, setup)); },
});

}  // namespace
}  // namespace decant
