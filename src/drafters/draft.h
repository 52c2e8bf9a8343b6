// A draft: a guess of how a text goes on, as nodes below its last one, each parent before its children. Verification
// asks the model about all of them at once.
#pragma once

#include <algorithm>
#include <memory>
#include <string_view>
#include <vector>

#include "run/law.h"
#include "run/stop.h"
#include "tree/prefix_tree.h"

namespace decant {

inline constexpr int kTip = -1;  // in place of a guess: the end of the text

struct Guess {
  Node node;
  int parent = kTip;                           // an index of a guess
  std::shared_ptr<const Law> drawn_from = {};  // null: it was not drawn, so its law is that token alone
  double q = 1;                                // its probability there
  int source = -1;                             // position in the text that it was copied from; -1: it was not
  int row = -1;                                // of the forward that verifies it; -1: nothing follows it
};

// What a drafter may say about one text.
class Draft {
 public:
  Draft(Node tip, int sequence, const StopRules& stop) : tip_(std::move(tip)), sequence_(sequence), stop_(&stop) {}

  const Node& tip() const { return tip_; }
  int sequence() const { return sequence_; }
  bool empty() const { return guesses_.empty(); }
  const std::vector<Guess>& guesses() const { return guesses_; }
  std::vector<Guess>& guesses() { return guesses_; }
  const Node& node(int guess) const { return guess == kTip ? tip_ : at(guess).node; }

  int most = 0;                   // guesses that it may hold
  std::string_view drafter = {};  // whose it is
  int kind = 1;                   // how sure it is, from 0 to DraftLength::kKinds - 1
  int row = -1;                   // the tip's, of the forward that verifies it

  // Whether anything may follow a guess (or the tip): the text does not end with it, and there is room.
  bool may_grow(int guess) const {
    if (std::ssize(guesses_) >= most) return false;
    return node(guess).length() + 1 < stop_->longest() && (guess == kTip || goes_on(guess));
  }
  // Whether the text goes on behind a guess, so that it is worth a row.
  bool goes_on(int guess) const {
    return !stop_->is_stop_token(at(guess).node.token()) && at(guess).node.length() < stop_->longest();
  }

  // REQUIRES: may_grow(guess.parent). Returns its index.
  int add(Guess guess) {
    guesses_.push_back(std::move(guess));
    return static_cast<int>(guesses_.size()) - 1;
  }
  int add(int parent, Token token) { return add({.node = node(parent).child(token), .parent = parent}); }

  // Keeps the first n guesses.
  void truncate(int n) { guesses_.resize(std::min(guesses_.size(), static_cast<std::size_t>(n))); }

  // Without those that are, and what follows them. `is_left_out` is asked for those whose parents stay.
  void erase_if(const auto& is_left_out) {
    std::vector<int> places;  // of those that stay; kGone
    std::vector<Guess> stay;
    for (Guess& each : guesses_) {
      const int parent = each.parent == kTip ? kTip : places[static_cast<std::size_t>(each.parent)];
      const bool stays = parent != kGone && !is_left_out(each);
      places.push_back(stays ? static_cast<int>(stay.size()) : kGone);
      if (!stays) continue;
      stay.push_back(each);
      stay.back().parent = parent;
    }
    guesses_ = std::move(stay);
  }

  // Of what may follow each guess only what was guessed first.
  void keep_first() {
    std::vector<int> followers(guesses_.size() + 1);
    erase_if([&](const Guess& each) {
      const int place = each.parent + 1;
      return followers[static_cast<std::size_t>(place)]++ > 0;
    });
  }

  // How deep it goes.
  int depth() const {
    int deepest = tip_.length();
    for (const Guess& each : guesses_) deepest = std::max(deepest, each.node.length());
    return deepest - tip_.length();
  }

  // The guess behind `parent` with that token; kTip where there is none.
  int child(int parent, Token token) const {
    for (int i = parent + 1; i < std::ssize(guesses_); ++i) {
      if (at(i).parent == parent && at(i).node.token() == token) return i;
    }
    return kTip;
  }

 private:
  static constexpr int kGone = -2;
  const Guess& at(int guess) const { return guesses_[static_cast<std::size_t>(guess)]; }

  Node tip_;
  int sequence_;
  const StopRules* stop_;
  std::vector<Guess> guesses_;
};

}  // namespace decant
