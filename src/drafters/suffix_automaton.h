// What has followed the last tokens of a text, in it or in earlier ones, and how often.
//
// Sources: Blumer et al. 1985, "The smallest automaton recognizing the subwords of a text"; Hu et al. 2024, "SAM
// Decoding" (its use for drafts). Tested by tests/drafters/suffix_automaton_test.cpp, against counting by hand.
//
// A run is some tokens one behind the other in a text. Runs that end at the same places of all texts are one state; its
// longest run has `length` tokens, and the others are that one without its first tokens, down to one more than those of
// its `link`: the state of the longest run that ends at other places too. A token costs a few steps on average, and
// kMostCounted at most to count it: in a text that repeats one token, all links would be as many as the text has
// tokens.
#pragma once

#include <span>
#include <unordered_map>
#include <vector>

#include "base/token.h"

namespace decant {

class SuffixAutomaton {
 public:
  static constexpr int kLongestMatch = 64;
  static constexpr int kLongestWalk = 64;  // tokens behind a match
  static constexpr int kMostCounted = kLongestMatch + kLongestWalk;

  // A run, by its state and its number of tokens. Valid until the next append().
  struct Place {
    int state = 0;
    int length = 0;
  };

  // A token that has followed a run.
  struct Continuation {
    Token token;
    int count;     // how often
    int last;      // where the last time, among the tokens of all texts
    double share;  // `count` of all that followed
  };

  // What is appended from now on is another text.
  void begin_text();
  void append(std::span<const Token> tokens);

  int size() const { return size_; }              // tokens of all texts
  int text_begin() const { return text_begin_; }  // how many are those of earlier texts

  // The longest run with which the text ends and that stands somewhere else too, of kLongestMatch tokens at most. No
  // tokens: the text's last token is new.
  Place match() const;

  // What has followed, the most frequent first, of equally frequent ones the latest; without those that are less than
  // `least_share` of all. REQUIRES, as after(): at most kMostCounted tokens with the one that follows.
  std::vector<Continuation> continuations(const Place& place, double least_share = 0) const;

  bool continues(const Place& place) const { return !at(place.state).next.empty(); }  // REQUIRES: it has tokens

  Place after(const Place& place, Token token) const;  // REQUIRES: it is a continuation

  // The longest run that `place` ends with and that ends at other places too.
  Place shorter(const Place& place) const;

 private:
  static constexpr int kRoot = 0;  // the state of the empty run
  static constexpr int kNone = -1;
  struct Edge {
    Token token;
    int to;
  };
  struct State {
    int length = 0;
    int link = kNone;
    int count = 0;             // places where its runs end; only of states with runs of at most kMostCounted tokens
    int last = -1;             // the last of them
    std::vector<Edge> next{};  // sorted by token; the root's are in root_next_
  };

  void append(Token token);
  int extend(int from, Token token);
  int split(int from, Token token, int state);
  int next(int state, Token token) const;
  void set_next(int state, Token token, int to);
  State& at(int state) { return states_[static_cast<std::size_t>(state)]; }
  const State& at(int state) const { return states_[static_cast<std::size_t>(state)]; }

  std::vector<State> states_ = {State{}};
  std::unordered_map<Token, int> root_next_;
  int whole_ = kRoot;  // the state of the whole text
  Place tail_;         // of its last kMostCounted tokens
  int size_ = 0;
  int text_begin_ = 0;
};

}  // namespace decant
