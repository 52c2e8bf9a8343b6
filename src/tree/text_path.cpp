// Tested by tests/tree/text_path_test.cpp.
#include "tree/text_path.h"

namespace decant {

std::span<const Token> TextPath::of(const PrefixTree& tree, const Node& tip) {
  const auto length = static_cast<std::size_t>(tip.length());
  tokens_.resize(length);
  serials_.resize(length);  // what it grows by is 0, no node's
  NodeId id = tip.id();
  for (std::size_t i = length; i-- > 0 && serials_[i] != tree.serial(id); id = tree.parent(id)) {
    tokens_[i] = tree.token(id);
    serials_[i] = tree.serial(id);
  }
  return tokens_;
}

}  // namespace decant
