#include "processors/prefix_allowed_tokens.h"

#include <utility>

#include "processors/token_ids.h"

namespace decant {

PrefixAllowedTokens::PrefixAllowedTokens(Function function) : function_(std::move(function)) { assert(function_); }

void PrefixAllowedTokens::operator()(Scores& scores, const Context& context) const {
  const std::vector<Token> ids = function_(context.tokens);
  check_token_ids(name(), ids, scores.n_vocab());
  std::vector<bool> allowed(static_cast<std::size_t>(scores.n_vocab()));
  for (const Token id : ids) allowed[id] = true;
  scores.keep_if([&](Token id, float) { return allowed[id]; });
}

}  // namespace decant
