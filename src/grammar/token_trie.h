// The texts of a vocabulary's tokens as a tree of characters, written out in preorder: what cannot follow a node is
// passed over at once.
#pragma once

#include <span>
#include <vector>

#include "base/utf8_reader.h"
#include "grammar/grammar_rules.h"
#include "model/vocab.h"

namespace decant {

class TokenTrie {
 public:
  struct Node {
    char32_t c;       // above last_character: the beginning of a character, with which its tokens end
    int depth;        // 1 for the first character of a token
    int skip;         // the first node behind the node's subtree
    int first, last;  // of tokens_: the ones that end here
  };

  // Leaves out the tokens that no text holds: those without text, with a NUL, or with ill-formed UTF-8 inside.
  explicit TokenTrie(const Vocab& vocab);

  const std::vector<Node>& nodes() const { return nodes_; }
  int depth() const { return depth_; }
  std::span<const Token> tokens(const Node& node) const {
    return std::span(tokens_).subspan(static_cast<std::size_t>(node.first),
                                      static_cast<std::size_t>(node.last - node.first));
  }
  const Utf8Reader& beginning(const Node& node) const { return beginnings_[node.c - last_character - 1]; }

  // Tokens that begin inside a character; not in the tree.
  const std::vector<Token>& inner() const { return inner_; }

 private:
  std::vector<Node> nodes_;
  std::vector<Token> tokens_, inner_;
  std::vector<Utf8Reader> beginnings_;
  int depth_ = 0;
};

}  // namespace decant
