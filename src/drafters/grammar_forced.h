// What a grammar leaves no choice about: the names of a schema's members, its punctuation, its constants.
//
// Tested by tests/drafters/grammar_forced_test.cpp, and on schemas and a real vocabulary by
// tests/llama/grammar_forced_test.cpp.
//
// Where one token alone may come, it is certain. Where one text must come, its beginnings are tokens too and all of
// them may come: which of them the model writes is a guess, and the tokenizer's own way is the best one.
#pragma once

#include <vector>

#include "model/grammar.h"
#include "model/vocab.h"

namespace decant {

struct ForcedToken {
  Token token;
  bool is_certain;  // no other may come
};

// The tokens that come next, one behind the other, `most` at most. Each may come behind the ones before it. None of
// them ends the sequence.
std::vector<ForcedToken> forced_tokens(const Grammar& point, const Vocab& vocab, int most);

}  // namespace decant
