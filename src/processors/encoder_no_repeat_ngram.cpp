#include "processors/encoder_no_repeat_ngram.h"

#include "base/error.h"
#include "processors/followers.h"
#include "processors/token_ids.h"

namespace decant {

EncoderNoRepeatNgram::EncoderNoRepeatNgram(int n) : n_(static_cast<std::size_t>(n)) {
  if (n < 1) throw Error(ErrorKind::usage, "encoder_no_repeat_ngram_size is {}: it must be at least 1", n);
}

void EncoderNoRepeatNgram::operator()(Scores& scores, const Context& context) const {
  if (context.tokens.size() + 1 < n_) return;
  remove_tokens(scores, followers(context.prompt(), context.tokens.last(n_ - 1)));
}

}  // namespace decant
