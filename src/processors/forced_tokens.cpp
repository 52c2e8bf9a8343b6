#include "processors/forced_tokens.h"

#include "processors/token_ids.h"

namespace decant {

void ForcedBos::operator()(Scores& scores, const Context& context) const {
  const std::span<const Token> only(&bos_, 1);
  check_token_ids(name(), only, scores.n_vocab());
  if (context.tokens.size() == 1) scores.force(only);
}

void ForcedEos::operator()(Scores& scores, const Context& context) const {
  check_token_ids(name(), eos_, scores.n_vocab());
  if (std::ssize(context.tokens) + 1 == max_length_) scores.force(eos_);
}

}  // namespace decant
