#include "processors/token_ids.h"

#include "base/error.h"

namespace decant {

void check_token_ids(std::string_view option, std::span<const Token> ids, int n_vocab) {
  for (const Token id : ids) {
    if (id >= 0 && id < n_vocab) continue;
    throw Error(ErrorKind::usage, "{} has the token id {}, but this vocabulary ends at {}", option, id, n_vocab - 1);
  }
}

}  // namespace decant
