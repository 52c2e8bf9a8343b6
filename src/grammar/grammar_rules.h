// The rules of a grammar, as the automaton wants them: every rule a choice of sequences of characters and rules.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/token.h"
#include "base/utf8_reader.h"

namespace decant {

// A token that adds no text, a control token, stands in the rules for a character of its own, behind all of Unicode.
constexpr char32_t last_character = 0x10FFFF;
constexpr char32_t token_character(Token token) { return last_character + 1 + static_cast<char32_t>(token); }

struct CharClass {
  std::vector<CodePoints> ranges;
  bool negated = false;  // every character of Unicode but `ranges`

  bool contains(char32_t c) const;

  // Whether one of the characters first..last may be in the class. A negated class answers as libllama does: no, as
  // soon as one of them is excluded.
  bool may_contain(CodePoints characters) const;

  auto operator<=>(const CharClass&) const = default;
};

struct Symbol {
  enum Kind : std::uint8_t { end, rule, chars } kind;
  int index = 0;  // of the rule, or of the class
};

struct GrammarRules {
  std::vector<Symbol> symbols;  // sequences one behind the other, each closed by an `end`
  std::vector<CharClass> classes;
  std::vector<std::vector<int>> rules;  // of each rule, where the sequences to choose from begin
  int root = 0;
  int unique = -1;  // the symbol in unique_items_rule, if there is one
};

// A rule that can come back to itself before any character, with something left to come behind it each time: what it
// describes cannot be followed. One that comes back at its very end, such as a repetition of what may be empty, can.
// `prefer`: of several, one for which this holds.
std::optional<int> left_recursive_rule(const GrammarRules& grammar, const std::vector<bool>& prefer = {});

// Without the sequences that no finite text is one of: nothing may go into what has no end. false if none is left of
// the whole grammar.
bool drop_endless_sequences(GrammarRules& grammar);

}  // namespace decant
