// Tested by tests/llama/llama_vocab_test.cpp.
#include "llama/llama_vocab.h"

#include <llama.h>

#include <algorithm>

#include "grammar/json_schema.h"
#include "grammar/token_trie.h"
#include "llama/llama_grammar.h"

namespace decant {

LlamaVocab::LlamaVocab(const llama_vocab* vocab, const GgufInfo& info)
    : vocab_(vocab), size_(llama_vocab_n_tokens(vocab)), bytes_(static_cast<std::size_t>(size_)) {
  for (const auto& token : {info.eos, info.eot, info.eom}) {
    if (token && std::find(eos_.begin(), eos_.end(), *token) == eos_.end()) eos_.push_back(*token);
  }
}

std::string LlamaVocab::token_text(Token token) const {
  std::string text(32, '\0');
  const auto write = [&] {
    return llama_token_to_piece(vocab_, token, text.data(), static_cast<std::int32_t>(text.size()), 0, false);
  };
  int length = write();
  if (length < 0) {
    text.resize(static_cast<std::size_t>(-length));
    length = write();
  }
  text.resize(static_cast<std::size_t>(length));
  return text;
}

std::string_view LlamaVocab::bytes(Token token) const {
  auto& bytes = bytes_.at(static_cast<std::size_t>(token));
  if (!bytes) bytes = token_text(token);
  return *bytes;
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
  if (!trie_) trie_ = std::make_shared<const TokenTrie>(*this);
  return make_grammar(std::move(rules), *this, trie_, end.empty() ? eos_ : std::vector(end.begin(), end.end()));
}

std::string LlamaVocab::gbnf_of_json_schema(std::string_view schema) const { return json_schema_to_gbnf(schema); }

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
