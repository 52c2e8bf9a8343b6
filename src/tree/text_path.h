// The tokens of a text whose end moves: kept, so that only what is new since the last look is walked.
//
// One of them serves one text as it grows, or several that share most of their beginning, by turns.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tree/prefix_tree.h"

namespace decant {

class TextPath {
 public:
  // The path of `tip`, first to last; valid until the next call. Takes as many steps as the path differs from the last
  // one's in its end.
  std::span<const Token> of(const PrefixTree& tree, const Node& tip);

 private:
  std::vector<Token> tokens_;
  std::vector<std::uint64_t> serials_;  // of the nodes: an id may by now be another node's
};

}  // namespace decant
