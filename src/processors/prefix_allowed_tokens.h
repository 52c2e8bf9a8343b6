// Prefix-allowed tokens: a function of the text so far, prompt included, says which tokens may follow.
//
// Source: De Cao et al., "Autoregressive Entity Retrieval", ICLR 2021. Equals Hugging Face's
// PrefixConstrainedLogitsProcessor for one sequence. Deviation: a function that allows nothing is an error there; here
// no token is left, which the chain reports.
#pragma once

#include <functional>

#include "processors/processor.h"

namespace decant {

class PrefixAllowedTokens final : public Processor {
 public:
  using Function = std::function<std::vector<Token>(std::span<const Token> tokens)>;

  explicit PrefixAllowedTokens(Function function);  // not empty

  std::string_view name() const override { return "prefix_allowed_tokens_fn"; }
  void operator()(Scores& scores, const Context& context) const override;

 private:
  Function function_;
};

}  // namespace decant
