#include "processors/allowed_tokens.h"

#include "processors/token_ids.h"

namespace decant {

AllowedTokens::AllowedTokens(const std::vector<Token>& ids, int n_vocab) {
  check_token_ids(name(), ids, n_vocab);
  allowed_.resize(static_cast<std::size_t>(n_vocab));
  for (const Token id : ids) allowed_[id] = true;
}

void AllowedTokens::operator()(Scores& scores, const Context&) const {
  assert(std::ssize(allowed_) == scores.n_vocab());
  scores.keep_if([this](Token id, float) { return allowed_[id]; });
}

}  // namespace decant
