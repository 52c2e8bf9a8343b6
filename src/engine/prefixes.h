// Texts that are kept when nobody needs them any more, because somebody may come back to them: the nodes of the last
// ones. They claim nothing: where cells are short they are the first to go.
#pragma once

#include <list>

#include "tree/prefix_tree.h"

namespace decant {

class Prefixes {
 public:
  explicit Prefixes(int most) : most_(static_cast<std::size_t>(most)) {}

  void keep(Node text);  // as the latest; the oldest goes where there are too many
  bool drop_oldest();    // false: there is none
  void clear() { texts_.clear(); }
  int count() const { return static_cast<int>(texts_.size()); }

 private:
  std::size_t most_;
  std::list<Node> texts_;  // the latest first
};

}  // namespace decant
