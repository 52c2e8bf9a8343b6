// Minimum number of new tokens: no token that ends the sequence before n have been written.
//
// Equals Hugging Face's MinNewTokensLengthLogitsProcessor.
#pragma once

#include "processors/processor.h"

namespace decant {

class MinNewTokens final : public Processor {
 public:
  MinNewTokens(int n, std::vector<Token> eos);  // n >= 0

  std::string_view name() const override { return "min_new_tokens"; }
  void operator()(Scores& scores, const Context& context) const override;

 private:
  int n_;
  std::vector<Token> eos_;
};

}  // namespace decant
