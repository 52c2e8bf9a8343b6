#include "processors/no_repeat_ngram.h"

#include "base/error.h"
#include "processors/followers.h"
#include "processors/token_ids.h"

namespace decant {

NoRepeatNgram::NoRepeatNgram(int n) : n_(static_cast<std::size_t>(n)) {
  if (n < 1) throw Error(ErrorKind::usage, "no_repeat_ngram_size is {}: it must be at least 1", n);
}

void NoRepeatNgram::operator()(Scores& scores, const Context& context) const {
  if (context.tokens.size() < n_) return;
  remove_tokens(scores, followers(context.tokens, context.tokens.last(n_ - 1)));
}

}  // namespace decant
