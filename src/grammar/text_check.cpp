#include "grammar/text_check.h"

#include <fmt/format.h>

#include <vector>

#include "grammar/grammar_automaton.h"

namespace decant {
namespace {

// A token for each byte, and one that ends the text.
class Bytes final : public Vocab {
 public:
  Bytes() {
    for (int byte = 0; byte < 256; ++byte) texts_.emplace_back(1, static_cast<char>(byte));
    texts_.emplace_back();
  }

  static constexpr Token end = 256;
  int size() const override { return end + 1; }
  std::string_view bytes(Token token) const override { return texts_[static_cast<std::size_t>(token)]; }
  std::string_view piece(Token token) const override { return bytes(token); }
  const std::vector<Token>& eos() const override { return eos_; }
  std::vector<Token> tokenize(std::string_view text, bool, bool) const override {
    std::vector<Token> tokens;
    for (const char byte : text) tokens.push_back(static_cast<unsigned char>(byte));
    return tokens;
  }

 private:
  std::vector<std::string> texts_;
  std::vector<Token> eos_ = {end};
};

std::string shown(int byte) {
  if (byte == '\n') return "a line end";
  if (byte == '\t') return "a tab";
  if (byte == '\r') return "a carriage return";
  if (byte == ' ') return "a space";
  return byte < 0x20 || byte == 0x7F ? fmt::format("U+{:04X}", byte) : std::string(1, static_cast<char>(byte));
}

// "a", "b" and "c" as a-c: of letters and of digits only, whose order everybody knows.
bool is_next(int byte, int other) {
  const auto is_alike = [&](int first, int last) { return first <= byte && other <= last; };
  return other == byte + 1 && (is_alike('0', '9') || is_alike('A', 'Z') || is_alike('a', 'z'));
}

std::string expected(const std::vector<bool>& allowed) {
  std::vector<std::string> parts;
  for (int byte = 0; byte < 0x80; ++byte) {
    if (!allowed[static_cast<std::size_t>(byte)]) continue;
    int last = byte;
    while (last + 1 < 0x80 && allowed[static_cast<std::size_t>(last) + 1] && is_next(last, last + 1)) ++last;
    parts.push_back(last - byte < 2 ? shown(byte) : fmt::format("{}-{}", shown(byte), shown(last)));
    if (last - byte >= 2) byte = last;
  }
  bool others = false;
  for (std::size_t byte = 0x80; byte < 0x100; ++byte) others = others || allowed[byte];
  if (others) parts.emplace_back("characters beyond ASCII");
  if (allowed[Bytes::end]) parts.emplace_back("the end");
  return parts.empty() ? "nothing" : fmt::format("{}", fmt::join(parts, "  "));
}

}  // namespace

std::optional<GrammarFault> check_text(GrammarRules rules, std::string_view text) {
  const Bytes vocab;
  const TokenTrie trie(vocab);
  GrammarAutomaton automaton(std::move(rules), vocab, trie, vocab.eos());
  auto state = automaton.start(), before = state;  // before: the character under way
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (state.reader.between_characters()) {
      before = state;
      begin = at;
    }
    state = automaton.after(state, static_cast<unsigned char>(text[at]));
    if (state.set == GrammarAutomaton::dead) return GrammarFault{begin, expected(automaton.allowed(before))};
  }
  const std::vector<bool>& allowed = automaton.allowed(state);
  if (allowed[Bytes::end]) return std::nullopt;
  return GrammarFault{text.size(), expected(allowed)};
}

}  // namespace decant
