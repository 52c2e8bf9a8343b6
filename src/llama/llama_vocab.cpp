// Tested by tests/llama/llama_vocab_test.cpp.
#include "llama/llama_vocab.h"

#include <llama-vocab.h>
#include <llama.h>

#include <algorithm>

#include "grammar/token_trie.h"
#include "llama/llama_grammar.h"

namespace decant {

LlamaVocab::LlamaVocab(const llama_vocab* vocab, const GgufInfo& info)
    : vocab_(vocab), size_(llama_vocab_n_tokens(vocab)) {
  for (const auto& token : {info.eos, info.eot, info.eom}) {
    if (token && std::find(eos_.begin(), eos_.end(), *token) == eos_.end()) eos_.push_back(*token);
  }
}

// libllama has the bytes of all tokens ready since it was loaded; llama_token_to_piece() would copy them.
std::string_view LlamaVocab::bytes(Token token) const {
  constexpr auto no_text = static_cast<llama_token_attr>(LLAMA_TOKEN_ATTR_UNKNOWN | LLAMA_TOKEN_ATTR_CONTROL);
  return (vocab_->token_get_attr(token) & no_text) != 0 ? std::string_view() : vocab_->token_to_piece(token);
}

std::string_view LlamaVocab::piece(Token token) const { return llama_vocab_get_text(vocab_, token); }

std::vector<Token> LlamaVocab::tokenize(std::string_view text, bool special, bool add_bos) const {
  std::vector<Token> tokens(text.size() + 2);
  const auto write = [&] {
    return llama_tokenize(vocab_, text.data(), static_cast<std::int32_t>(text.size()), tokens.data(),
                          static_cast<std::int32_t>(tokens.size()), add_bos, special);
  };
  int count = write();
  if (count < 0) {
    tokens.resize(static_cast<std::size_t>(-count));
    count = write();
  }
  tokens.resize(static_cast<std::size_t>(std::max(count, 0)));
  // add_bos is libllama's add_special, which may also append an end-of-sequence token: nothing to continue after that.
  if (add_bos && llama_vocab_get_add_eos(vocab_) && !tokens.empty() && tokens.back() == llama_vocab_eos(vocab_)) {
    tokens.pop_back();
  }
  return tokens;
}

std::unique_ptr<const Grammar> LlamaVocab::grammar(std::string_view gbnf, std::span<const Token> end) const {
  GrammarRules rules = parse_gbnf(gbnf);
  std::call_once(trie_once_, [&] { trie_ = std::make_shared<const TokenTrie>(*this); });
  return make_grammar(std::move(rules), *this, trie_, end.empty() ? eos_ : std::vector(end.begin(), end.end()));
}

std::vector<Token> LlamaVocab::end_of_turn(std::string_view chat_template) const {
  std::vector<Token> tokens = eos_;
  for (Token token = 0; token < size_; ++token) {
    if (!llama_vocab_is_eog(vocab_, token) || chat_template.find(piece(token)) == std::string_view::npos) continue;
    if (std::find(tokens.begin(), tokens.end(), token) == tokens.end()) tokens.push_back(token);
  }
  return tokens;
}

std::string LlamaVocab::bos_text() const {
  const Token bos = llama_vocab_bos(vocab_);
  return bos < 0 ? "" : std::string(piece(bos));
}

std::string LlamaVocab::eos_text() const {
  const Token eos = llama_vocab_eos(vocab_);
  return eos < 0 ? "" : std::string(piece(eos));
}

}  // namespace decant
