// Tested by tests/drafters/translation_test.cpp.
#include "drafters/translation.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "base/error.h"

namespace decant {
namespace {

constexpr std::size_t kLookBehind = 10;  // tokens that are cut anew: Hugging Face's target_lookbehind

struct Cut {
  Token token;
  std::size_t end;  // in bytes
};

struct Cuts {
  std::vector<Cut> tokens = {};
  bool spaced = false;  // a space stands before the text, as SentencePiece puts it there
};

// The tokens of `text`, and where they end, counted from `begin` on; nullopt where they do not spell it.
std::optional<Cuts> cut(const Vocab& vocab, std::string_view text, std::size_t begin = 0) {
  Cuts cuts;
  std::string spelt;
  for (const Token token : vocab.tokenize(text, false, false)) {
    spelt += vocab.bytes(token);
    cuts.tokens.push_back({token, begin + spelt.size()});
  }
  if (spelt == text) return cuts;
  if (!spelt.starts_with(' ') || std::string_view(spelt).substr(1) != text) return std::nullopt;
  cuts.spaced = true;
  for (Cut& each : cuts.tokens) --each.end;
  return cuts;
}

bool begins_a_character(char byte) { return (byte & 0xc0) != 0x80; }

// Without the first bytes of a character that is not all there.
std::string_view complete(std::string_view text) {
  Utf8Buffer characters;
  characters.push(text);
  return text.substr(0, text.size() - characters.held().size());
}

// Characters that words are made of, as most tokenizers have it.
bool ends_in_a_word(std::string_view bytes) {
  if (bytes.empty()) return false;
  const auto last = static_cast<unsigned char>(bytes.back());
  return last >= 0x80 || (last >= '0' && last <= '9') || ((last | 0x20) >= 'a' && (last | 0x20) <= 'z');
}

// The tokens of `bytes`, as they are cut behind a text. Where that text ends inside of a token that would stand there,
// they stand by themselves; where they cannot, there are none.
std::vector<Token> cut_behind(const Vocab& vocab, const std::string& behind, std::string_view bytes) {
  const std::string together = behind + std::string(bytes);
  std::optional<Cuts> cuts = cut(vocab, complete(together));
  const auto ends_there = [&](const Cut& each) { return each.end == behind.size(); };
  if (!behind.empty() && !(cuts && std::any_of(cuts->tokens.begin(), cuts->tokens.end(), ends_there))) {
    cuts = cut(vocab, complete(bytes));
    if (cuts && cuts->spaced) return {};
  } else if (cuts && !behind.empty()) {
    std::erase_if(cuts->tokens, [&](const Cut& each) { return each.end <= behind.size(); });
  }
  std::vector<Token> tokens;
  if (!cuts) return tokens;
  for (const Cut& each : cuts->tokens) tokens.push_back(each.token);
  return tokens;
}

}  // namespace

std::vector<Token> same_tokens(const Vocab& from, const Vocab& to) {
  std::unordered_map<std::string_view, Token> by_bytes, by_name;
  by_bytes.reserve(static_cast<std::size_t>(to.size()));
  for (Token token = 0; token < to.size(); ++token) {
    const std::string_view bytes = to.bytes(token);
    // Of several with the same bytes the last: those that stand for a byte where all else fails come first.
    bytes.empty() ? by_name.insert_or_assign(to.piece(token), token) : by_bytes.insert_or_assign(bytes, token);
  }
  std::vector<Token> same;
  for (Token token = 0; token < from.size(); ++token) {
    const std::string_view bytes = from.bytes(token);
    const auto& known = bytes.empty() ? by_name : by_bytes;
    const auto found = known.find(bytes.empty() ? from.piece(token) : bytes);
    same.push_back(found == known.end() ? -1 : found->second);
  }
  return same;
}

Translation::Translation(const Vocab& from, const Vocab& to, std::span<const Token> same)
    : from_(from), to_(to), same_(same), tokens_(to.tokenize("", false, true)) {
  close();
}

void Translation::follow(std::span<const Token> text) {
  std::string characters;
  for (; read_ < text.size(); ++read_) {
    const std::string_view bytes = from_.bytes(text[read_]);
    if (!bytes.empty()) {
      characters += characters_.push(bytes);
      continue;
    }
    add(characters + characters_.flush());
    characters.clear();
    add_control(text[read_]);
  }
  add(characters);
}

void Translation::add_control(Token token) {
  const Token same = same_[static_cast<std::size_t>(token)];
  const bool is_there = read_ == 0 && !tokens_.empty() && tokens_.back() == same;  // both begin texts with it
  if (same >= 0 && !is_there) tokens_.push_back(same);
  close();
}

void Translation::close() {
  closed_ = tokens_.size();
  ends_.assign(closed_, 0);
  open_.clear();
}

void Translation::add(std::string_view characters) {
  if (characters.empty() || !readable_) return;
  open_ += characters;
  try {
    std::size_t first = std::max(closed_, tokens_.size() - std::min(tokens_.size(), kLookBehind));
    while (first > closed_ && !begins_a_character(open_[begin_of(first)])) --first;  // a tokenizer takes whole ones
    cut_anew(first);
  } catch (const Error&) {  // a vocabulary without a token for what is unknown to it
    readable_ = false;
  }
}

// Tokens from `first` on, and what is new.
void Translation::cut_anew(std::size_t first) {
  const std::size_t begin = begin_of(first);
  const auto fresh = cut(to_, std::string_view(open_).substr(begin), begin);
  if (!fresh) {  // bytes are lost on the way: nobody can tell any longer what covers what
    tokens_.resize(first);
    for (const Token token : to_.tokenize(std::string_view(open_).substr(begin), false, false))
      tokens_.push_back(token);
    return close();
  }
  // The longest run of the same tokens over the same bytes, the last of equals, ends before these.
  std::size_t old_end = first, fresh_end = 0, longest = 0, run = 0;
  for (std::size_t i = first, j = 0; i < tokens_.size() && j < fresh->tokens.size();) {
    const std::size_t old_at = ends_[i], fresh_at = fresh->tokens[j].end;
    run = tokens_[i] == fresh->tokens[j].token && old_at == fresh_at ? run + 1 : 0;
    if (run > 0 && run >= longest) {
      longest = run;
      old_end = i + 1;
      fresh_end = j + 1;
    }
    i += old_at <= fresh_at;
    j += fresh_at <= old_at;
  }
  if (longest == 0 && first > closed_) return cut_anew(closed_);
  tokens_.resize(old_end);
  ends_.resize(old_end);
  for (std::size_t j = fresh_end; j < fresh->tokens.size(); ++j) {
    tokens_.push_back(fresh->tokens[j].token);
    ends_.push_back(fresh->tokens[j].end);
  }
}

std::vector<Token> continuation(const Vocab& vocab, std::span<const Token> text, std::string_view bytes, bool open) {
  std::string behind;  // the text before
  for (std::size_t i = text.size() - std::min(text.size(), kLookBehind); i < text.size(); ++i) {
    vocab.bytes(text[i]).empty() ? behind.clear() : void(behind += vocab.bytes(text[i]));
  }
  behind.erase(behind.begin(), std::find_if(behind.begin(), behind.end(), begins_a_character));
  std::vector<Token> tokens;
  try {
    tokens = cut_behind(vocab, behind, bytes);
  } catch (const Error&) {  // a vocabulary without a token for what is unknown to it
  }
  if (open && !tokens.empty() && ends_in_a_word(vocab.bytes(tokens.back()))) tokens.pop_back();
  return tokens;
}

}  // namespace decant
