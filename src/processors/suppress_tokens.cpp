#include "processors/suppress_tokens.h"

#include "processors/token_ids.h"

namespace decant {

void SuppressTokens::operator()(Scores& scores, const Context&) const {
  check_token_ids(name(), ids_, scores.n_vocab());
  remove_tokens(scores, ids_);
}

void BeginSuppressTokens::operator()(Scores& scores, const Context& context) const {
  check_token_ids(name(), ids_, scores.n_vocab());
  const int begin = forced_bos_ && context.n_prompt <= 1 ? 1 : 0;
  if (context.n_new() == begin) remove_tokens(scores, ids_);
}

}  // namespace decant
