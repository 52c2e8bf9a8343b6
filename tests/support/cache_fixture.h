// A cache on a model given by a function of the text, which throws at any wrong context.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "support/table_model.h"
#include "tree/prefix_tree.h"

namespace decant::testing {

inline const Outputs kLogits{.logits = true, .hidden = false, .layers = {}};

template <class AnyCache>
struct CacheFixture {
  explicit CacheFixture(TableShape shape = {}) : model(shape), cache(tree, model) {}

  Node grow(const std::vector<Token>& tokens) {
    Node node = tree.root();
    for (const Token token : tokens) node = node.child(token);
    return node;
  }

  // As the scheduler does: in chunks. Rows that were evaluated.
  int read(const Node& node, int chunk) {
    const int before = model.rows_evaluated();
    for (NodeId end = kNoNode; end != node.id();) {
      cache.begin();
      end = cache.chunk_end(node.id(), chunk);
      const int row = cache.add(end, end == node.id() ? &kLogits : nullptr);
      EXPECT_GE(row, 0);
      if (row < 0) break;
      cache.forward();
      if (end == node.id()) expect_right(node, row);
    }
    return model.rows_evaluated() - before;
  }

  // Evaluates the node alone and checks that the model saw exactly its path.
  void evaluate(const Node& node) {
    const int row = cache.add(node.id(), &kLogits);
    ASSERT_GE(row, 0);
    cache.forward();
    expect_right(node, row);
  }

  void expect_right(const Node& node, int row) {
    std::vector<Token> path;
    node.path(path);
    const auto logits = model.logits(row);
    EXPECT_EQ(std::vector<float>(logits.begin(), logits.end()), model.logits_after(path));
  }

  // What the cache believes and what the model holds.
  void expect_cells(int cells, int sequences) {
    cache.flush();
    EXPECT_EQ(cache.cells(), cells);
    EXPECT_EQ(model.used_cells(), cells);
    EXPECT_EQ(cache.sequences(), sequences);
    EXPECT_EQ(model.used_sequences(), sequences);
  }

  PrefixTree tree;
  TableModel model;
  AnyCache cache;
};

}  // namespace decant::testing
