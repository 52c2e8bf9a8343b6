// The walk down a draft, while it is verified: a place is the end of the text as it is now, and what was guessed there.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "drafters/draft.h"
#include "strategies/scoring.h"
#include "strategies/verify.h"

namespace decant {

class Verification {
 public:
  // `n` rows belong to texts and guesses, the draft's among them.
  Verification(Run& run, Scoring& scoring, Rows rows, std::size_t n, const Draft& draft, std::string_view how);

  // The distribution of the place, valid until the next call. Throws NothingLeft.
  Step step() { return process(at_, tip_); }
  std::vector<Guessed> guessed() const { return guessed_at(at_); }

  // The rest of a chain (of a tree, the first guess of each place, which was drawn before its siblings and so whatever
  // they are): what was guessed at this place and behind each guess, and the distributions before them.
  struct Chain {
    std::vector<Guessed> guessed;
    std::vector<Law> laws;
  };
  Chain chain();

  Token best(const Step& step) { return scoring_.best(step); }
  Token draw(const Step& step);
  Verdict verify(const Law& p, std::span<const Guessed> guesses);
  Verdict verify_block(const Chain& chain);

  // Appends the token to the text. False: the text has ended, or nobody guessed it, and its row is not there.
  bool write(const Step& step, Token token, std::span<const Trial> trials = {});

  const Node& tip() const { return tip_; }
  int last_kept() const { return at_; }     // of the guesses; kTip: none
  int written() const { return written_; }  // tokens

 private:
  const Guess& guess(int index) const { return draft_.guesses()[static_cast<std::size_t>(index)]; }
  Step process(int at, const Node& node);
  std::vector<Guessed> guessed_at(int at) const;
  int first_child(int at) const;  // kTip: none
  Why why(const Step& step, Token token, int kept, std::span<const Trial> trials);

  Run& run_;
  Scoring& scoring_;
  Rows rows_;
  std::size_t n_;
  const Draft& draft_;
  std::string_view how_;
  std::vector<Entrant> race_;  // that drew the token, where somebody wants to know
  int at_ = kTip;              // the guess that the text ends with
  Node tip_;
  int written_ = 0;
};

}  // namespace decant
