// One text in the tokens of two vocabularies, as it grows: for a draft model that has another vocabulary than its
// target (Timor et al. 2025, "Accelerating LLM Inference with Lossless Speculative Decoding Algorithms for
// Heterogeneous Vocabularies"; Hugging Face's universal assisted decoding).
//
// It goes by bytes. What is new is tokenized behind the last tokens before it, which are cut anew with it, since a word
// may have grown; of these the longest run that is as it was stays, as in Hugging Face, but only where it covers the
// same bytes. Exact this cannot be for every tokenizer, and need not be: a draft is verified.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/utf8.h"
#include "model/vocab.h"

namespace decant {

// By id of `from`: the same token of `to`, by its bytes, or by its name where it has none; -1: there is none.
std::vector<Token> same_tokens(const Vocab& from, const Vocab& to);

class Translation {
 public:
  // `same` is same_tokens(from, to), and outlives this.
  Translation(const Vocab& from, const Vocab& to, std::span<const Token> same);

  // The text in tokens of `from`: what was given before, and more.
  void follow(std::span<const Token> text);

  // The same in tokens of `to`; a control token that it lacks is left out.
  std::span<const Token> tokens() const { return tokens_; }

  // The first bytes of a character at the text's end, which tokens() lacks.
  std::string_view rest() const { return characters_.held(); }

  // Whether `to` could make tokens of all of it.
  bool is_readable() const { return readable_; }

 private:
  void add_control(Token token);
  void add(std::string_view characters);
  void cut_anew(std::size_t first);
  std::size_t begin_of(std::size_t token) const { return token == closed_ ? 0 : ends_[token - 1]; }
  void close();

  const Vocab& from_;
  const Vocab& to_;
  std::span<const Token> same_;
  Utf8Buffer characters_;
  std::size_t read_ = 0;       // tokens of the text
  std::vector<Token> tokens_;  // of `to`
  std::vector<std::size_t> ends_;
  std::size_t closed_ = 0;  // tokens that are no longer cut anew: up to the last control token
  std::string open_;        // the text of the others; ends_ count from its beginning
  bool readable_ = true;
};

// What a vocabulary would write on with behind a text for these bytes, less what may still become another token: a
// character that is not complete, and, should the bytes go on (`open`), the last token if it ends in a word.
std::vector<Token> continuation(const Vocab& vocab, std::span<const Token> text, std::string_view bytes, bool open);

}  // namespace decant
