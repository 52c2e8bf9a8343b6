// Follows a text through a grammar, character by character, with every way to read it at once.
//
// A reading is a stack of places in the rules, the innermost on top; a set of readings is a place in the text. Stacks
// and sets are numbered as they are met, characters that no rule tells apart are one letter, and where a letter leads
// from a set is worked out once: finding the tokens that may come next is a walk over the vocabulary's tree with one
// array access per character. The result is that of libllama's grammar sampler, which matches every token by itself,
// except that text stays well-formed UTF-8 (there, overlong forms, surrogates and bytes from 0xF5 can be read as
// characters) and that control tokens are never text: where the grammar names one, it is itself and nothing else.
//
// Arrays whose items differ (unique_items_rule) are no matter of states: beside the automaton a text then carries what
// has been written of them (UniqueItems). A token is left out if an item ends a second time with it, and if every way
// on from it would.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/utf8_reader.h"
#include "grammar/grammar_rules.h"
#include "grammar/token_trie.h"
#include "grammar/unique_items.h"

namespace decant {

class GrammarAutomaton {
 public:
  using Set = int;
  static constexpr Set dead = 0;   // what no text of the grammar begins with
  static constexpr Set ended = 1;  // behind a token that ends the sequence

  struct State {
    Set set;
    Utf8Reader reader = {};
    std::shared_ptr<const UniqueItems> items = nullptr;  // inside of arrays whose items differ
    std::shared_ptr<const State> other = nullptr;        // if other arrays may be meant: the same text read so
  };

  // The rules must not be left recursive. `vocab` and `trie` stay where they are; `eos` are the tokens that end the
  // text. Throws Error(usage) for a token that the rules name, and which is none, adds text, or is one of those.
  GrammarAutomaton(GrammarRules rules, const Vocab& vocab, const TokenTrie& trie, std::vector<Token> eos);

  State start() const { return {start_}; }

  // Both throw Error(usage) when the text can be read in too many ways to keep.
  State after(State state, Token token);
  const std::vector<bool>& allowed(const State& state);  // by token; valid until the next call

  // As Grammar::forced(). That a negated class leaves one character is not known, nor that items which differ do.
  std::string forced(const State& state, std::size_t most);

 private:
  using Letter = int;
  using Stack = int;
  static constexpr Stack empty = 0;
  struct StackNode {
    int symbol;  // on top: what has to come next
    Stack below;
  };

  struct Brackets {  // where the letter [ leads: as one that opens an array whose items differ, or not
    Set unique, other;
  };

  void find_named_tokens();
  void number_letters();
  Letter letter(char32_t c) const;
  const std::vector<bool>& allowed_by_rules(const State& state);
  void walk(Set set, std::vector<bool>& allowed);
  std::vector<State> read(const State& state, Token token);
  std::vector<State> read(const State& state, char32_t c);
  bool may_follow(const State& state, Token token) { return !read(state, token).empty(); }
  bool may_end(const State& state) const;
  std::optional<char32_t> only_character(const std::vector<Set>& sets) const;
  bool may_begin(Set set, const Utf8Reader& reader) const;

  // ---- arrays whose items differ (grammar_automaton_unique.cpp)

  struct Step;  // of a walk over the trie
  void find_brackets();
  std::vector<State> step(Set set, const State& from, char32_t c, bool unique) const;
  void leave_out_repeated(const State& state, std::vector<bool>& allowed);
  Step step_over(const TokenTrie::Node& node, int number, const Step& before);
  bool may_differ(const State& state);
  std::optional<std::u32string> look_further(const State& start);
  bool is_safe_behind(const State& state, std::u32string_view text);
  std::vector<char32_t> characters_to_try(const State& state);

  Set next(Set set, Letter letter);
  Brackets brackets(Set set);
  Set compute_next(Set set, Letter letter, bool unique, bool other);
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
  std::vector<Token> named_;  // control tokens that the rules name
  Set start_;

  std::vector<char32_t> letters_;            // the first character of each, rising
  std::vector<Letter> node_letters_;         // of the trie; -1 where the node is no character
  std::vector<std::vector<bool>> in_class_;  // [class][letter]
  std::vector<StackNode> stacks_;
  std::map<std::pair<int, Stack>, Stack> stack_numbers_;
  std::unordered_map<Stack, std::vector<Stack>> readings_;
  std::vector<std::vector<Stack>> sets_;  // sorted
  std::map<std::vector<Stack>, Set> set_numbers_;
  std::map<Set, Brackets> brackets_;
  std::vector<Token> bracket_tokens_;  // with a [
  std::vector<bool> structural_;       // by node: whether what ends or begins a value is in it or below
  std::map<Set, std::vector<std::u32string>> ways_out_;  // texts that led to an item that differs
  int work_ = 0;                                         // stacks looked at for the step under way
  std::int64_t memory_ = 0;                              // numbers kept, about

  // What can be worked out again, and is thrown away when there is too much of it.
  std::vector<std::vector<Set>> next_;  // by set, then by letter; empty when nothing is known
  std::size_t n_next_ = 0;
  std::unordered_map<Set, std::vector<bool>> allowed_;
  std::vector<bool> allowed_inside_;  // the last answer inside a character
  std::vector<bool> allowed_here_;    // and inside of arrays whose items differ
  std::vector<Set> path_;             // scratch of walk()
};

}  // namespace decant
