// A draft from a suffix automaton: what has followed the longest run that the text ends with, as a tree.
//
// Source: Oliaro et al. 2024, "SuffixDecoding": the longer the match, the longer the draft; what is likely by its
// frequency is drafted first, and what is not is left out. Tested by tests/drafters/suffix_draft_test.cpp.
#pragma once

#include <vector>

#include "drafters/suffix_automaton.h"

namespace decant {

struct SuffixLimits {
  int most = SuffixAutomaton::kLongestWalk;  // tokens of the draft
  double factor = 1;         // tokens one behind the other for each token of the match, kLongestWalk at most
  double least_share = 0.1;  // less frequent ones are no draft
};

struct SuffixGuess {
  int parent;  // index of a guess before it; -1: the text
  Token token;
  double share;  // how often the text went on so, of all that followed: the product along the branch
  int source;    // position in the text that it was copied from; -1: it is of an earlier text
};

// The likeliest first, and every guess behind its parent. Empty: nothing to say.
//
// Where what is copied ends, at the end of the text above all, the draft goes on behind a shorter run: for so long as
// that holds tokens of the text, not of the draft alone.
std::vector<SuffixGuess> suffix_draft(const SuffixAutomaton& automaton, const SuffixLimits& limits = {});

}  // namespace decant
