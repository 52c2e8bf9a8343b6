#include "processors/min_length.h"

#include <utility>

#include "base/error.h"
#include "processors/token_ids.h"

namespace decant {

MinLength::MinLength(std::string_view name, int n, std::vector<Token> eos)
    : name_(name), n_(static_cast<std::size_t>(n)), eos_(std::move(eos)) {
  if (n < 0) throw Error(ErrorKind::usage, "{} is {}: it must be at least 0", name, n);
}

void MinLength::operator()(Scores& scores, const Context& context) const {
  check_token_ids("eos_token_id", eos_, scores.n_vocab());
  if (context.tokens.size() < n_) remove_tokens(scores, eos_);
}

}  // namespace decant
