// Token healing: the prompt's last token is taken back, and the text must begin with what it said.
//
// A prompt that ends in `http:` ends in the token `:`, behind which `//` is unlikely, because such texts are written
// with the token `://`. Without its last token the model is free to write that one.
// Source: guidance's token healing. Hugging Face's heal_tokens takes one greedy token with a bias of 10 for those that
// begin with the removed text, so that it may write something else; here the new token always begins with all of the
// removed bytes, may reach beyond, and is chosen as any other is. A shorter one (` ` of ` h`) would only split what
// the prompt's end had as one token: it may be written where other processors leave no token with all of the bytes.
//
// What the prompt said already is the prompt's: grammars and stop strings begin behind it.
#pragma once

#include <string>
#include <vector>

#include "model/vocab.h"
#include "processors/processor.h"

namespace decant {

// Takes back the last token of the prompt if another token of the vocabulary begins with its text and goes on, and
// returns that text. Otherwise, and for a control token or the only token of a prompt, returns "" and does nothing.
std::string heal(std::vector<Token>& prompt, const Vocab& vocab);

class TokenHealing final : public Processor {
 public:
  TokenHealing(std::string prefix, const Vocab& vocab);  // `vocab` must outlive it

  std::string_view name() const override { return "token_healing"; }
  void operator()(Scores& scores, const Context& context) const override;
  StatePtr start() const override;  // its states hold how much of the prefix is written
  StatePtr next(const ProcessorState& state, Token token, double observed) const override;

 private:
  std::string prefix_;
  const Vocab& vocab_;
};

}  // namespace decant
