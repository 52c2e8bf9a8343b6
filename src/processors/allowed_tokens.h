// Allowed tokens: no other token may be written. (vLLM's allowed_token_ids; Hugging Face has it as a function only.)
#pragma once

#include "processors/processor.h"

namespace decant {

class AllowedTokens final : public Processor {
 public:
  AllowedTokens(const std::vector<Token>& ids, int n_vocab);

  std::string_view name() const override { return "allowed_token_ids"; }
  void operator()(Scores& scores, const Context& context) const override;

 private:
  std::vector<bool> allowed_;  // for every id of the vocabulary
};

}  // namespace decant
