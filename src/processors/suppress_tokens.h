// Suppressed tokens: never written, or not as the first new token.
//
// Equal Hugging Face's SuppressTokensLogitsProcessor and SuppressTokensAtBeginLogitsProcessor.
#pragma once

#include "processors/processor.h"

namespace decant {

class SuppressTokens final : public Processor {
 public:
  explicit SuppressTokens(std::vector<Token> ids) : ids_(std::move(ids)) {}

  std::string_view name() const override { return "suppress_tokens"; }
  void operator()(Scores& scores, const Context& context) const override;

 private:
  std::vector<Token> ids_;
};

class BeginSuppressTokens final : public Processor {
 public:
  // `forced_bos`: there is a forced_bos_token_id. Behind a prompt of one token it comes first, and the next is meant.
  explicit BeginSuppressTokens(std::vector<Token> ids, bool forced_bos = false)
      : ids_(std::move(ids)), forced_bos_(forced_bos) {}

  std::string_view name() const override { return "begin_suppress_tokens"; }
  void operator()(Scores& scores, const Context& context) const override;

 private:
  std::vector<Token> ids_;
  bool forced_bos_;
};

}  // namespace decant
