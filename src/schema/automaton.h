// Finite automata over characters: what patterns, formats, lengths and numbers have in common, so that they can be
// intersected.
#pragma once

#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "schema/code_points.h"

namespace decant {

// The characters in as few classes ("letters") as some sets need to be told apart.
class Alphabet {
 public:
  Alphabet() : Alphabet(std::vector<CodePointSet>{}) {}
  explicit Alphabet(const std::vector<CodePointSet>& sets);

  int size() const { return static_cast<int>(letters_.size()); }
  int letter(char32_t c) const;
  const CodePointSet& characters(int letter) const { return letters_[static_cast<std::size_t>(letter)]; }
  const std::vector<CodePointSet>& letters() const { return letters_; }

 private:
  std::vector<CodePointSet> letters_;
  std::vector<std::pair<char32_t, int>> starts_;  // of ranges, with their letter, rising; -1 for surrogates
};

// A nondeterministic automaton. Beside characters its edges can ask for what stands before or behind a place in the
// text, which is how ^, $, \b and lookaround over one character are said.
struct Nfa {
  enum Kind : char { empty, characters, before, behind };
  struct Edge {
    Kind kind = empty;
    int to = 0;
    CodePointSet set = {};
    bool or_edge = false;  // before: the text's beginning will do; behind: its end
  };

  std::vector<std::vector<Edge>> states;
  int start = 0, accept = 0;

  int add_state();
  void add_edge(int from, Edge edge);
};

// What all automata that this thread makes may cost while one of these lives. Outside of any nothing is counted.
class AutomataEffort {
 public:
  explicit AutomataEffort(long steps);
  ~AutomataEffort();
  AutomataEffort(const AutomataEffort&) = delete;

  // A step is a state that is met. Throws Error(usage), a clause.
  static void spend(long steps);

 private:
  long most_, spent_ = 0;
  AutomataEffort* outer_;
};

// A deterministic one. Operations give minimal automata; they throw Error(usage), a clause that says so, for one of
// more than max_states, or one that takes too many steps.
class Dfa {
 public:
  static constexpr int dead = -1;
  static constexpr int max_states = 20000;

  // Accepts nothing.
  Dfa() : next_(static_cast<std::size_t>(alphabet_.size()), dead), accepts_(1, false) {}
  explicit Dfa(const Nfa& nfa);

  static Dfa of_everything();
  static Dfa of_texts(const std::vector<std::u32string>& texts);

  // States are numbers of whoever calls: start, step(state, letter), accepts(state), walked from the start.
  template <class State, class Step, class Accepts>
  static Dfa explored(Alphabet alphabet, State start, Step step, Accepts accepts);

  int start() const { return 0; }
  int size() const { return static_cast<int>(accepts_.size()); }
  const Alphabet& alphabet() const { return alphabet_; }
  int next(int state, int letter) const {
    return next_[static_cast<std::size_t>(state) * static_cast<std::size_t>(alphabet_.size()) +
                 static_cast<std::size_t>(letter)];
  }
  bool accepts(int state) const { return accepts_[static_cast<std::size_t>(state)]; }

  bool is_empty() const { return size() == 1 && !accepts(0); }
  bool contains(std::u32string_view text) const;

  // The number of characters of the texts: the least, and the most, -1 for any number. Of an automaton that is not
  // empty.
  std::pair<long, long> lengths() const;

  Nfa as_nfa() const;

 private:
  friend class Minimizer;
  void minimize();
  static void check_size(std::size_t states);

  Alphabet alphabet_;
  std::vector<int> next_;  // [state][letter]
  std::vector<bool> accepts_;
};

Dfa intersection(const Dfa& a, const Dfa& b);
Dfa difference(const Dfa& a, const Dfa& b);
Dfa complement(const Dfa& a);
Dfa limited(const Dfa& dfa, long least, long most);  // to so many characters; most < 0: without end

// Of the texts of an automaton at least so many are different; no more than `enough`.
long least_number(const Dfa& dfa, long enough);

// So many characters of a set.
struct CharacterRun {
  CodePointSet set;
  long least, most;  // most < 0: without end
};

// If the texts of an automaton that is not empty are that.
std::optional<CharacterRun> run_of(const Dfa& dfa);

// ---- implementation -------------------------------------------------------------------------------------------------

template <class State, class Step, class Accepts>
Dfa Dfa::explored(Alphabet alphabet, State start, Step step, Accepts accepts) {
  Dfa result;
  result.alphabet_ = std::move(alphabet);
  result.next_.clear();
  result.accepts_.clear();
  std::map<State, int> numbers = {{start, 0}};
  std::vector<State> states = {start};
  for (std::size_t i = 0; i < states.size(); ++i) {
    check_size(states.size());
    const State state = states[i];
    AutomataEffort::spend(result.alphabet_.size());
    result.accepts_.push_back(accepts(state));
    for (int letter = 0; letter < result.alphabet_.size(); ++letter) {
      const std::optional<State> reached = step(state, letter);
      if (!reached) {
        result.next_.push_back(dead);
        continue;
      }
      const auto [found, is_new] = numbers.try_emplace(*reached, static_cast<int>(states.size()));
      if (is_new) states.push_back(*reached);
      result.next_.push_back(found->second);
    }
  }
  result.minimize();
  return result;
}

}  // namespace decant
