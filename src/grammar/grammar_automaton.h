// Follows a text through a grammar, character by character, with every way to read it at once.
//
// A reading is a stack of places in the rules, the innermost on top; a set of readings is a place in the text. Stacks
// and sets are numbered as they are met, characters that no rule tells apart are one letter, and where a letter leads
// from a set is worked out once: finding the tokens that may come next is a walk over the vocabulary's tree with one
// array access per character. The result is that of libllama's grammar sampler, which matches every token by itself,
// except that text stays well-formed UTF-8 (there, overlong forms, surrogates and bytes from 0xF5 can be read as
// characters) and that control tokens are never text.
#pragma once

#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

#include "base/utf8_reader.h"
#include "grammar/grammar_rules.h"
#include "grammar/token_trie.h"

namespace decant {

class GrammarAutomaton {
 public:
  using Set = int;
  static constexpr Set dead = 0;   // what no text of the grammar begins with
  static constexpr Set ended = 1;  // behind a token that ends the sequence

  struct State {
    Set set;
    Utf8Reader reader = {};
  };

  // The rules must not be left recursive. `vocab` and `trie` stay where they are; `eos` are the tokens that end the
  // text.
  GrammarAutomaton(GrammarRules rules, const Vocab& vocab, const TokenTrie& trie, std::vector<Token> eos);

  State start() const { return {start_}; }

  // Both throw Error(usage) when the text can be read in too many ways to keep.
  State after(State state, Token token);
  const std::vector<bool>& allowed(const State& state);  // by token; valid until the next call

 private:
  using Letter = int;
  using Stack = int;
  static constexpr Stack empty = 0;
  struct StackNode {
    int symbol;  // on top: what has to come next
    Stack below;
  };

  void number_letters();
  Letter letter(char32_t c) const;
  void walk(Set set, std::vector<bool>& allowed);
  State read(State state, Token token);
  bool may_end(const State& state) const;
  bool may_begin(Set set, const Utf8Reader& reader) const;

  Set next(Set set, Letter letter);
  Set compute_next(Set set, Letter letter);
  Set number_set(std::vector<Stack> stacks);
  Stack push(Stack below, int symbol);
  const std::vector<Stack>& readings(Stack stack);
  std::vector<Stack> expand(Stack stack);
  void count(bool too_much, std::size_t numbers);
  const CharClass& top(Stack stack) const { return rules_.classes[rules_.symbols[stacks_[stack].symbol].index]; }

  GrammarRules rules_;
  const Vocab& vocab_;
  const TokenTrie& trie_;
  std::vector<Token> eos_;
  Set start_;

  std::vector<char32_t> letters_;            // the first character of each, rising
  std::vector<Letter> node_letters_;         // of the trie; -1 where the node is no character
  std::vector<std::vector<bool>> in_class_;  // [class][letter]
  std::vector<StackNode> stacks_;
  std::map<std::pair<int, Stack>, Stack> stack_numbers_;
  std::unordered_map<Stack, std::vector<Stack>> readings_;
  std::vector<std::vector<Stack>> sets_;  // sorted
  std::map<std::vector<Stack>, Set> set_numbers_;
  int work_ = 0;             // stacks looked at for the step under way
  std::int64_t memory_ = 0;  // numbers kept, about

  // What can be worked out again, and is thrown away when there is too much of it.
  std::vector<std::vector<Set>> next_;  // by set, then by letter; empty when nothing is known
  std::size_t n_next_ = 0;
  std::unordered_map<Set, std::vector<bool>> allowed_;
  std::vector<bool> allowed_inside_;  // the last answer inside a character
  std::vector<Set> path_;             // scratch of walk()
};

}  // namespace decant
