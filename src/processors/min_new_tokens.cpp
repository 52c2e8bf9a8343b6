#include "processors/min_new_tokens.h"

#include <utility>

#include "base/error.h"
#include "processors/token_ids.h"

namespace decant {

MinNewTokens::MinNewTokens(int n, std::vector<Token> eos) : n_(n), eos_(std::move(eos)) {
  if (n < 0) throw Error(ErrorKind::usage, "min_new_tokens is {}: it must be at least 0", n);
}

void MinNewTokens::operator()(Scores& scores, const Context& context) const {
  check_token_ids("eos_token_id", eos_, scores.n_vocab());
  if (context.n_new() < n_) remove_tokens(scores, eos_);
}

}  // namespace decant
