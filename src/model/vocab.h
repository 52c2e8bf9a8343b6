// A vocabulary: what front ends, stop rules and traces need to know of tokens.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/token.h"
#include "model/grammar.h"

namespace decant {

class Vocab {
 public:
  virtual ~Vocab() = default;

  virtual int size() const = 0;

  // The bytes that the token adds to the text, possibly part of a UTF-8 character; "" for control tokens such as
  // <|im_end|>. Valid as long as the vocabulary.
  virtual std::string_view bytes(Token token) const = 0;

  // The token's own name in the vocabulary, as in `Ġthe` or `<|im_end|>`.
  virtual std::string_view piece(Token token) const = 0;

  // Ids that end a sequence as declared by the model (end of sequence, of turn, of message).
  virtual const std::vector<Token>& eos() const = 0;

  // Text to ids. Special tokens written in the text are parsed when `special`; a BOS is added only when the model
  // wants one and `add_bos` holds.
  virtual std::vector<Token> tokenize(std::string_view text, bool special, bool add_bos) const = 0;

  // The beginning of a text that follows the grammar (in GBNF, llama.cpp's notation) and ends with one of `end`, or of
  // eos() if that is empty. Valid as long as the vocabulary. Throws Error(usage) for what is no grammar.
  virtual std::unique_ptr<const Grammar> grammar(std::string_view /*gbnf*/, std::span<const Token> /*end*/ = {}) const {
    throw Error(ErrorKind::unavailable, "this vocabulary has no grammar engine");
  }
};

}  // namespace decant
