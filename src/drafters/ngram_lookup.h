// Where the last tokens of a text have stood before, and what followed them there.
//
// Source: Saxena 2023, "Prompt Lookup Decoding". Equals PromptLookupCandidateGenerator of Hugging Face transformers
// 4.55.4: the longest n-gram first, of its places the leftmost; what is copied ends with the text, and before the first
// token that would end it. Tested by tests/drafters/ngram_lookup_test.cpp, against the definition and against goldens.
//
// All n-grams of the text stand in a tree that grows with it: a token costs `longest` steps, looking up none.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/token.h"

namespace decant {

class NgramLookup {
 public:
  struct Copy {
    int from = 0;                        // position in the text of the first one
    std::span<const Token> tokens = {};  // of the text that was looked up; empty: nothing to copy
  };

  // `longest`: tokens of an n-gram, `most`: tokens that are copied, at most; `stops`: tokens that end a text.
  NgramLookup(int longest, int most, std::vector<Token> stops = {});

  // REQUIRES: the text begins with the one of the last call.
  Copy look_up(std::span<const Token> text);

 private:
  void append(Token token);

  int longest_, most_;
  std::vector<Token> stops_;
  std::unordered_map<std::uint64_t, int> children_;  // by node and token; node 0 is the empty n-gram
  std::vector<int> ends_;                            // by node: the position behind its leftmost place
  std::vector<int> tail_ = {0};                      // the nodes of the last 0, 1, ..., `longest` tokens
  int size_ = 0;                                     // of the text so far
  int from_ = 0;                                     // position behind the earlier place; 0: there is none
};

}  // namespace decant
