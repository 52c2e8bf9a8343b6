// Tested by tests/model/same_vocabulary_test.cpp.
#include "model/same_vocabulary.h"

#include <algorithm>

#include "base/error.h"

namespace decant {

void check_same_vocabulary(const Vocab& expert, std::string_view expert_name, const Vocab& other,
                           std::string_view other_name) {
  for (Token token = 0; token < std::min(expert.size(), other.size()); ++token) {
    if (expert.piece(token) == other.piece(token)) continue;
    throw Error(ErrorKind::data,
                "{} and {} have different vocabularies: token {} is '{}' in the one and '{}' in the other; take two "
                "models of one family",
                expert_name, other_name, token, expert.piece(token), other.piece(token));
  }
  if (expert.size() == other.size()) return;
  throw Error(
      ErrorKind::data,
      "{} and {} have different vocabularies: {} tokens in the one and {} in the other; take two models of one family",
      expert_name, other_name, expert.size(), other.size());
}

}  // namespace decant
