// Tested by tests/llama/llama_vocab_test.cpp.
#include "llama/llama_vocab.h"

#include <llama-vocab.h>
#include <llama.h>

#include <algorithm>
#include <functional>
#include <map>
#include <stdexcept>
#include <unordered_map>

#include "base/error.h"
#include "grammar/token_trie.h"
#include "llama/llama_grammar.h"

namespace decant {
namespace {

// A byte that is part of no character counts as one.
std::vector<std::string_view> utf8_characters(std::string_view text) {
  std::vector<std::string_view> characters;
  const auto continues = [&](std::size_t at) { return at < text.size() && (text[at] & 0xc0) == 0x80; };
  for (std::size_t begin = 0, end = 0; begin < text.size(); begin = end) {
    for (end = begin + 1; continues(end); ++end) {
    }
    characters.push_back(text.substr(begin, end - begin));
  }
  return characters;
}

}  // namespace

LlamaVocab::LlamaVocab(const llama_vocab* vocab, const GgufInfo& info)
    : vocab_(vocab), size_(llama_vocab_n_tokens(vocab)) {
  const auto add = [&](const std::optional<Token>& token) {
    if (token && std::find(eos_.begin(), eos_.end(), *token) == eos_.end()) eos_.push_back(*token);
  };
  for (const auto& token : {info.eos, info.eot, info.eom}) add(token);
  // Qwen2.5's files end a turn with one token and a document with another, which they have as padding and as beginning.
  for (const auto& token : {info.padding, info.bos}) {
    if (token && llama_vocab_is_eog(vocab, *token)) add(token);
  }
}

// libllama has the bytes of all tokens ready since it was loaded; llama_token_to_piece() would copy them.
std::string_view LlamaVocab::bytes(Token token) const {
  constexpr auto no_text = static_cast<llama_token_attr>(LLAMA_TOKEN_ATTR_UNKNOWN | LLAMA_TOKEN_ATTR_CONTROL);
  return (vocab_->token_get_attr(token) & no_text) != 0 ? std::string_view() : vocab_->token_to_piece(token);
}

std::string_view LlamaVocab::piece(Token token) const { return llama_vocab_get_text(vocab_, token); }

// Of a vocabulary that has a token for every byte, or at least for what is in the text; else libllama throws.
std::vector<Token> LlamaVocab::tokenize_known(std::string_view text, bool special, bool add_bos) const {
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

std::vector<Token> LlamaVocab::tokenize(std::string_view text, bool special, bool add_bos) const {
  try {
    return tokenize_known(text, special, add_bos);
  } catch (const std::out_of_range&) {
    return tokenize_unknown(text, special, add_bos);
  }
}

bool LlamaVocab::has(std::string_view character) const {
  return vocab_->text_to_token(character == " " ? "\xE2\x96\x81" : std::string(character)) != LLAMA_TOKEN_NULL;
}

// Where they begin, and their sizes, in order, with an empty one at the text's end. The longest are looked for first,
// as libllama does.
std::vector<std::pair<std::size_t, std::size_t>> LlamaVocab::special_tokens_in(std::string_view text,
                                                                               bool special) const {
  const auto kinds = static_cast<llama_token_attr>(LLAMA_TOKEN_ATTR_USER_DEFINED |
                                                   (special ? LLAMA_TOKEN_ATTR_CONTROL | LLAMA_TOKEN_ATTR_UNKNOWN : 0));
  std::vector<std::string_view> names;
  for (Token token = 0; token < size_; ++token) {
    if ((vocab_->token_get_attr(token) & kinds) != 0 && !piece(token).empty()) names.push_back(piece(token));
  }
  std::ranges::stable_sort(names, std::greater(), &std::string_view::size);
  std::map<std::size_t, std::size_t> found = {{text.size(), 0}};
  const auto is_free = [&](std::size_t begin, std::size_t size) {
    const auto next = found.lower_bound(begin);
    return next->first >= begin + size &&
           (next == found.begin() || std::prev(next)->first + std::prev(next)->second <= begin);
  };
  for (const std::string_view name : names) {
    for (std::size_t at = text.find(name); at != text.npos; at = text.find(name, at + 1)) {
      if (is_free(at, name.size())) found[at] = name.size();
    }
  }
  return {found.begin(), found.end()};
}

// Characters that the vocabulary does not have become its unknown token, several in a row one, as in SentencePiece.
// They are tokenized as another character that merges with none: one that stands in no longer token, and not in the
// text.
std::vector<Token> LlamaVocab::tokenize_unknown(std::string_view text, bool special, bool add_bos) const {
  const Token unknown = vocab_->token_unk();
  std::unordered_map<std::string, std::pair<int, Token>> singles;  // in how many tokens, and which it is itself
  for (Token token = 0; token < size_; ++token) {
    const std::vector<std::string_view> characters = utf8_characters(piece(token));
    for (const std::string_view each : characters) {
      auto& [count, own] = singles.try_emplace(std::string(each), 0, -1).first->second;
      ++count;
      if (characters.size() == 1 && bytes(token) == each) own = token;
    }
  }
  const auto stand_in = std::find_if(singles.begin(), singles.end(), [&](const auto& each) {
    return each.second.first == 1 && each.second.second >= 0 && text.find(each.first) == text.npos;
  });
  if (unknown < 0 || stand_in == singles.end())
    throw Error(ErrorKind::data,
                "the text has characters that the model's vocabulary lacks, and that has no token for such");
  std::string known;
  std::size_t end = 0;
  for (const auto& [begin, size] : special_tokens_in(text, special)) {
    for (const std::string_view each : utf8_characters(text.substr(end, begin - end)))
      known += has(each) ? each : stand_in->first;
    known += text.substr(begin, size);
    end = begin + size;
  }
  std::vector<Token> tokens = tokenize_known(known, special, add_bos);
  std::replace(tokens.begin(), tokens.end(), stand_in->second.second, unknown);
  const auto both_unknown = [unknown](Token a, Token b) { return a == unknown && b == unknown; };
  tokens.erase(std::unique(tokens.begin(), tokens.end(), both_unknown), tokens.end());
  return tokens;
}

std::unique_ptr<const Grammar> LlamaVocab::grammar(std::string_view gbnf, std::span<const Token> end) const {
  GrammarRules rules = parse_gbnf(gbnf);
  std::call_once(trie_once_, [&] { trie_ = std::make_shared<const TokenTrie>(*this); });
  return make_grammar(std::move(rules), *this, trie_, end.empty() ? eos_ : std::vector(end.begin(), end.end()));
}

std::vector<Token> LlamaVocab::end_of_turn() const {
  std::vector<Token> tokens = eos_;
  for (Token token = 0; token < size_; ++token) {
    if (llama_vocab_is_eog(vocab_, token) && std::find(tokens.begin(), tokens.end(), token) == tokens.end())
      tokens.push_back(token);
  }
  return tokens;
}

std::optional<Token> LlamaVocab::bos() const {
  const Token bos = llama_vocab_bos(vocab_);
  return bos < 0 ? std::nullopt : std::optional(bos);
}

std::string LlamaVocab::bos_text() const {
  const std::optional<Token> token = bos();
  return token ? std::string(piece(*token)) : "";
}

bool LlamaVocab::adds_bos() const { return llama_vocab_get_add_bos(vocab_); }

std::string LlamaVocab::eos_text() const {
  const Token eos = llama_vocab_eos(vocab_);
  return eos < 0 ? "" : std::string(piece(eos));
}

}  // namespace decant
