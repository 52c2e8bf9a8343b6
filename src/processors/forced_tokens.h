// Forced tokens: at one position only these are left, each with score 0, even where they had been removed.
//
// Equal Hugging Face's ForcedBOSTokenLogitsProcessor and ForcedEOSTokenLogitsProcessor.
#pragma once

#include "processors/processor.h"

namespace decant {

// Behind a prompt of one token.
class ForcedBos final : public Processor {
 public:
  explicit ForcedBos(Token bos) : bos_(bos) {}

  std::string_view name() const override { return "forced_bos_token_id"; }
  void operator()(Scores& scores, const Context& context) const override;

 private:
  Token bos_;
};

// As the last token that max_length (prompt included) has room for.
class ForcedEos final : public Processor {
 public:
  ForcedEos(std::vector<Token> eos, int max_length) : eos_(std::move(eos)), max_length_(max_length) {}

  std::string_view name() const override { return "forced_eos_token_id"; }
  void operator()(Scores& scores, const Context& context) const override;

 private:
  std::vector<Token> eos_;
  int max_length_;
};

}  // namespace decant
