#include "tree/prefix_tree.h"

#include <gtest/gtest.h>

#include <vector>

namespace decant {
namespace {

struct Recorder : PrefixTree::Observer {
  std::vector<NodeId> ids;
  void released(NodeId node) override { ids.push_back(node); }
};

Node grow(Node node, const std::vector<Token>& tokens) {
  for (const Token token : tokens) node = node.child(token);
  return node;
}

TEST(PrefixTree, PathIsTheTokensFromTheRoot) {
  PrefixTree tree;
  const Node node = grow(tree.root(), {5, 7, 5});
  std::vector<Token> path = {9, 9, 9, 9};
  node.path(path);
  EXPECT_EQ(path, (std::vector<Token>{5, 7, 5}));
  EXPECT_EQ(node.length(), 3);
  EXPECT_EQ(node.token(), 5);
  EXPECT_EQ(node.parent().token(), 7);
  EXPECT_EQ(tree.root().length(), 0);
}

TEST(PrefixTree, MemoryGoesWithCopiesAndNotWithTheText) {
  PrefixTree tree;
  Node node = grow(tree.root(), {1, 2});
  EXPECT_EQ(node.memory(), nullptr);
  const auto memory = std::make_shared<const int>(7);
  node.remember(memory);
  const Node copy = node;
  Node assigned, moved_from = node;
  assigned = copy;
  const Node moved = std::move(moved_from);
  for (const Node* each : {&copy, static_cast<const Node*>(&assigned), &moved}) EXPECT_EQ(each->memory(), memory);
  EXPECT_EQ(node, copy);
  EXPECT_EQ(grow(tree.root(), {1, 2}).memory(), nullptr);
  EXPECT_EQ(node.child(3).memory(), nullptr);
  EXPECT_EQ(node.child(3).parent().memory(), nullptr);
  assigned = Node();
  EXPECT_EQ(assigned.memory(), nullptr);
  EXPECT_EQ(memory.use_count(), 4);
}

TEST(PrefixTree, CommonPrefixesAreStoredOnce) {
  PrefixTree tree;
  const Node a = grow(tree.root(), {1, 2, 3});
  const Node b = grow(tree.root(), {1, 2, 4});
  EXPECT_EQ(tree.live_nodes(), 4);
  EXPECT_EQ(a.parent(), b.parent());
  EXPECT_EQ(grow(tree.root(), {1, 2, 3}), a);
}

TEST(PrefixTree, ANodeLivesAsLongAsItIsReferredToOrHasAChild) {
  PrefixTree tree;
  Recorder recorder;
  tree.observe(&recorder);
  Node a = grow(tree.root(), {1, 2});
  Node b = a.child(3);
  const NodeId two = a.id();
  a = Node();
  EXPECT_TRUE(recorder.ids.empty());
  const NodeId three = b.id();
  const NodeId one = tree.parent(two);
  b = Node();
  EXPECT_EQ(recorder.ids, (std::vector<NodeId>{three, two, one}));  // children before parents
  EXPECT_EQ(tree.live_nodes(), 0);
  tree.forget(&recorder);
}

TEST(PrefixTree, ASiblingKeepsTheCommonParent) {
  PrefixTree tree;
  const Node parent = grow(tree.root(), {1});
  Node a = parent.child(2), b = parent.child(3), c = parent.child(4);
  b = Node();  // the middle of the list of children
  EXPECT_EQ(tree.live_nodes(), 3);
  EXPECT_EQ(parent.child(2), a);
  EXPECT_EQ(parent.child(4), c);
  EXPECT_EQ(tree.live_nodes(), 3);
}

TEST(PrefixTree, ReleasedIdsAreUsedAgain) {
  PrefixTree tree;
  for (int i = 0; i < 100; ++i) {
    const Node node = grow(tree.root(), {i, i, i});
    EXPECT_LE(node.id(), 3);
  }
}

TEST(PrefixTree, ALongTextIsReleasedWithoutRecursion) {
  PrefixTree tree;
  Node node = tree.root();
  for (int i = 0; i < 1'000'000; ++i) node = node.child(i & 1);
  EXPECT_EQ(tree.live_nodes(), 1'000'000);
  node = Node();
  EXPECT_EQ(tree.live_nodes(), 0);
}

TEST(PrefixTree, AncestorByLength) {
  PrefixTree tree;
  const Node node = grow(tree.root(), {4, 5, 6});
  EXPECT_EQ(tree.token(tree.ancestor(node.id(), 2)), 5);
  EXPECT_EQ(tree.ancestor(node.id(), 3), node.id());
  EXPECT_EQ(tree.ancestor(node.id(), 0), kRoot);
}

}  // namespace
}  // namespace decant
