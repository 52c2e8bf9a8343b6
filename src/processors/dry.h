// DRY (don't repeat yourself): a token that would prolong a repetition becomes less likely, the more so the longer the
// repetition is.
//
// If the last L tokens have occurred before and `token` came next there, its score falls by
// multiplier * base^(L - allowed_length), with its largest L, from L = allowed_length on. No repetition reaches back
// across a sequence breaker, and no token that holds a whole breaker is penalised. Breakers are texts: a run of tokens
// that holds one, which may begin inside the first of them, counts. The exponent is limited where base^exponent would
// leave the range of a float.
// Source: text-generation-webui, pull request 5677. Equals libllama's dry sampler, which also cuts breakers to 40 bytes
// and 20 tokens behind the first. Deviations: last_n = -1 is the whole text (there, off); blanks at the start of a
// SentencePiece token count (there, they are stripped).
#pragma once

#include <string>
#include <unordered_map>

#include "model/vocab.h"
#include "processors/processor.h"

namespace decant {

struct DryConfig {
  double multiplier = 0;   // >= 0; 0 does nothing
  double base = 1.75;      // >= 1
  int allowed_length = 2;  // >= 1
  int last_n = -1;         // tokens in which to look for repetitions; -1 is all, 0 none
  std::vector<std::string> sequence_breakers = {};
};

class Dry final : public Processor {
 public:
  Dry(const DryConfig& config, const Vocab& vocab);  // looks at every token of the vocabulary

  std::string_view name() const override { return "dry_multiplier"; }
  void operator()(Scores& scores, const Context& context) const override;

 private:
  using Tail = std::vector<Token>;

  void add_breaker(const std::string& text, const Vocab& vocab);
  int reach(std::span<const Token> window) const;
  bool is_breaker(Token token) const;
  float penalty(int length) const;

  float multiplier_, base_;
  int allowed_length_, last_n_;
  int max_exponent_ = 0;                                   // 0: no limit
  std::unordered_map<Token, std::vector<Tail>> breakers_;  // by first token: the tokens that follow it
};

}  // namespace decant
