// Which drafted tokens a target accepts, where its law is to be kept and not the text of its seed. p is the target's
// distribution after all processors, q what a guess was really drawn from; a guess that was looked up, or is somebody's
// likeliest token, was not drawn: its q is that token alone.
//
// Tested by tests/strategies/verify_test.cpp, by enumeration of all that can happen.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "run/law.h"

namespace decant {

struct Guessed {
  Token token = -1;
  const Law* q = nullptr;  // null: not drawn

  double q_of(Token other) const { return q ? q->p(other) : other == token ? 1 : 0; }
};

// Where chance comes from: a Run's numbers, or a test that looks at every outcome.
class Chance {
 public:
  virtual ~Chance() = default;
  virtual bool happens(double probability) = 0;
  virtual Token pick(std::span<const std::pair<Token, double>> weights) = 0;  // by rising token; some are above 0
};

// What became of a guess.
struct Trial {
  Token token = -1;
  double p = 0, q = 0;  // of the token, when its turn came: of what was left
  double chance = 0;    // of being accepted
  bool kept = false;
};

struct Verdict {
  int kept = 0;     // guesses, of a block: from its beginning on; of a place: 1 + the index of the one, or 0
  Token next = -1;  // the token in place of the refused ones; -1: none was refused, and nothing is drawn
  std::vector<Trial> trials = {};
};

// Guesses at one place, in the order in which they were drawn (or will be: without replacement from one q, each from
// what the others have left). Each is accepted with min(1, p/q), and else taken from the target, norm(max(p - q, 0));
// what is left when all are refused is drawn from. One guess: Leviathan et al. 2023, Chen et al. 2023; several: Jeon et
// al. 2024, Yang et al. 2024 (recursive rejection).
Verdict verify_place(const Law& p, std::span<const Guessed> guesses, Chance& chance);

// A chain of guesses as a block (Sun et al. 2024, "Block Verification Accelerates Speculative Decoding"): p[i] is the
// target's distribution before guess i. Verdict::next is -1 where all are kept.
Verdict verify_block(std::span<const Law> p, std::span<const Guessed> guesses, Chance& chance);

}  // namespace decant
