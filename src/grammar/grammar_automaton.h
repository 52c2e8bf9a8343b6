// Follows a text through a grammar, byte by byte, with every way to read it at once.
//
// A reading is a stack of places in the rules, the innermost on top; a state is a set of readings plus the bytes of a
// character begun. Stacks and states are numbered as they are met, and where a byte leads from a state is worked out
// once, so that finding the tokens that may come next is a walk over the vocabulary's trie with one array access per
// byte. The result is that of llama_sampler_apply of libllama's grammar sampler, which matches every token by itself,
// except that text stays well-formed UTF-8 (there, overlong forms, surrogates and bytes from 0xF5 can be read as
// characters) and that control tokens are never text.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "grammar/grammar_rules.h"
#include "grammar/token_trie.h"

namespace decant {

class GrammarAutomaton {
 public:
  using State = int;
  static constexpr State dead = 0;   // what no text of the grammar begins with
  static constexpr State ended = 1;  // behind a token that ends the sequence

  // The rules must not be left recursive. `vocab` and `trie` stay where they are; `eos` are the tokens that end the text.
  GrammarAutomaton(GrammarRules rules, const Vocab& vocab, const TokenTrie& trie, std::vector<Token> eos);

  State start() const { return start_; }

  // Throws Error(usage) when the text can be read in too many ways to keep.
  State after(State state, Token token);
  const std::vector<bool>& allowed(State state);  // by token; valid until the next call
  bool may_end(State state) const;

 private:
  using Stack = int;
  static constexpr Stack empty = 0;
  struct StackNode {
    int symbol;     // on top: what has to come next
    Stack below;
  };
  struct Partial {  // a character of which `missing` bytes are still to come
    char32_t value = 0;
    int missing = 0;
    char32_t least = 0;  // what fewer bytes could say is no character
  };
  struct StateData {
    std::vector<Stack> stacks;  // sorted
    Partial partial;
    bool complete;  // a token may end here
  };
  using Table = std::array<State, 256>;

  State next(State state, std::uint8_t byte);
  State compute_next(State state, std::uint8_t byte);
  State accept(const std::vector<Stack>& stacks, char32_t c);
  State intern(std::vector<Stack> stacks, Partial partial);
  Stack push(Stack below, int symbol);
  const std::vector<Stack>& readings(Stack stack);
  std::vector<Stack> expand(Stack stack);
  void count(bool too_much, std::size_t numbers);

  GrammarRules rules_;
  const Vocab& vocab_;
  const TokenTrie& trie_;
  std::vector<Token> eos_;
  State start_;

  std::vector<StackNode> stacks_;
  std::map<std::pair<int, Stack>, Stack> stack_numbers_;
  std::unordered_map<Stack, std::vector<Stack>> readings_;
  std::vector<StateData> states_;
  std::map<std::vector<int>, State> state_numbers_;
  int work_ = 0;             // stacks looked at for the transition under way
  std::int64_t memory_ = 0;  // numbers kept, about

  // What can be worked out again, and is thrown away when there is too much of it.
  std::vector<std::unique_ptr<Table>> tables_;  // by state
  int n_tables_ = 0;
  std::unordered_map<State, std::vector<bool>> allowed_;
  std::vector<State> path_;  // scratch
};

}  // namespace decant
