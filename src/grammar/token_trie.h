// The texts of a vocabulary's tokens as a tree of bytes, written out in preorder: what cannot follow the bytes of a
// node is passed over at once.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/vocab.h"

namespace decant {

class TokenTrie {
 public:
  struct Node {
    std::uint8_t byte;
    int depth;        // 1 for the first byte of a token
    int skip;         // the first node behind the node's subtree
    int first, last;  // tokens_[first, last) end here
  };

  // Leaves out tokens without text and those with a NUL byte, which no text holds.
  explicit TokenTrie(const Vocab& vocab);

  const std::vector<Node>& nodes() const { return nodes_; }
  int depth() const { return depth_; }
  std::span<const Token> tokens(const Node& node) const {
    return std::span(tokens_).subspan(static_cast<std::size_t>(node.first),
                                      static_cast<std::size_t>(node.last - node.first));
  }

 private:
  std::vector<Node> nodes_;
  std::vector<Token> tokens_;
  int depth_ = 0;
};

}  // namespace decant
