#include "tree/text_path.h"

#include <gtest/gtest.h>

#include <random>

namespace decant {
namespace {

TEST(TextPath, IsThePathWhicheverNodesCameBefore) {
  PrefixTree tree;
  TextPath path;
  std::mt19937 random(7);
  std::vector<Node> nodes = {tree.root().child(1)};
  for (int i = 0; i < 20000; ++i) {
    Node node = nodes[random() % nodes.size()];
    switch (random() % 8) {
      case 0:  // ids are used again, at other places of other texts
        if (nodes.size() > 1) nodes.erase(nodes.begin() + static_cast<std::ptrdiff_t>(random() % nodes.size()));
        break;
      case 1:
        if (node.length() > 1) nodes.push_back(node.parent());
        break;
      default:
        nodes.push_back(node.child(static_cast<Token>(random() % 4)));
    }
    if (nodes.size() > 40) nodes.erase(nodes.begin(), nodes.begin() + 20);
    std::vector<Token> expected;
    node.path(expected);
    const auto found = path.of(tree, node);
    ASSERT_EQ(std::vector<Token>(found.begin(), found.end()), expected) << i;
  }
}

}  // namespace
}  // namespace decant
