// The vocabulary in a GGUF file, read by libllama. All of it may be asked from several threads at once.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "files/gguf_check.h"
#include "model/vocab.h"

struct llama_vocab;

namespace decant {

class TokenTrie;

class LlamaVocab : public Vocab {
 public:
  LlamaVocab(const llama_vocab* vocab, const GgufInfo& info);

  int size() const override { return size_; }
  std::string_view bytes(Token token) const override;
  std::string_view piece(Token token) const override;
  const std::vector<Token>& eos() const override { return eos_; }
  std::vector<Token> tokenize(std::string_view text, bool special, bool add_bos) const override;
  std::unique_ptr<const Grammar> grammar(std::string_view gbnf, std::span<const Token> end = {}) const override;

  const llama_vocab* handle() const { return vocab_; }

  // For chats: eos(), and every token that libllama takes for the end of a turn or of a document.
  std::vector<Token> end_of_turn() const;
  std::optional<Token> bos() const;
  std::string bos_text() const;
  bool adds_bos() const;  // to a text that does not begin with it
  std::string eos_text() const;

 private:
  std::vector<Token> tokenize_known(std::string_view text, bool special, bool add_bos) const;
  std::vector<Token> tokenize_unknown(std::string_view text, bool special, bool add_bos) const;
  bool has(std::string_view character) const;
  std::vector<std::pair<std::size_t, std::size_t>> special_tokens_in(std::string_view text, bool special) const;

  const llama_vocab* vocab_;
  int size_;
  std::vector<Token> eos_;
  mutable std::once_flag trie_once_;
  mutable std::shared_ptr<const TokenTrie> trie_;  // made for the first grammar
};

}  // namespace decant
