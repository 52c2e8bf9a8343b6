// Tested by tests/model/same_vocabulary_test.cpp.
#include "model/same_vocabulary.h"

#include <algorithm>

#include "base/error.h"

namespace decant {

std::optional<Token> first_difference(const Vocab& a, const Vocab& b) {
  const Token common = std::min(a.size(), b.size());
  Token token = 0;
  while (token < common && a.piece(token) == b.piece(token)) ++token;
  return token == a.size() && token == b.size() ? std::nullopt : std::optional(token);
}

void check_same_vocabulary(const Vocab& expert, std::string_view expert_name, const Vocab& other,
                           std::string_view other_name) {
  const std::optional<Token> difference = first_difference(expert, other);
  if (!difference) return;
  if (const Token token = *difference; token < std::min(expert.size(), other.size())) {
    throw Error(ErrorKind::data,
                "{} and {} have different vocabularies: token {} is '{}' in the one and '{}' in the other; take two "
                "models of one family",
                expert_name, other_name, token, expert.piece(token), other.piece(token));
  }
  throw Error(
      ErrorKind::data,
      "{} and {} have different vocabularies: {} tokens in the one and {} in the other; take two models of one family",
      expert_name, other_name, expert.size(), other.size());
}

}  // namespace decant
