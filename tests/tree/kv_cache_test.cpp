#include "tree/kv_cache.h"

#include <gtest/gtest.h>

#include <random>

#include "base/error.h"
#include "support/cache_fixture.h"

namespace decant {
namespace {

using testing::kLogits;
using Fixture = testing::CacheFixture<KvCache>;

TEST(KvCache, EvaluatesTheMissingAncestorsToo) {
  Fixture f;
  const Node node = f.grow({1, 2, 3});
  EXPECT_EQ(f.cache.rows_needed(node.id()), 3);
  f.evaluate(node);
  f.expect_cells(3, 1);
  const Node next = node.child(4);
  EXPECT_EQ(f.cache.rows_needed(next.id()), 1);
  f.evaluate(next);
  f.expect_cells(4, 1);
  EXPECT_EQ(f.model.batches().size(), 2u);
  EXPECT_EQ(f.model.batches()[1].size(), 1u);
}

TEST(KvCache, ACommonPrefixIsOneSetOfCells) {
  Fixture f;
  const Node prompt = f.grow({1, 2, 3});
  f.evaluate(prompt);
  std::vector<Node> children;
  for (Token token = 0; token < 8; ++token) {
    children.push_back(prompt.child(token));
    ASSERT_GE(f.cache.add(children.back().id(), &kLogits), 0);
  }
  f.cache.forward();
  for (int i = 0; i < 8; ++i) f.expect_right(children[static_cast<std::size_t>(i)], i);
  f.expect_cells(3 + 8, 8);
}

TEST(KvCache, AReleasedNodesCellIsFreeAtOnce) {
  Fixture f;
  const Node prompt = f.grow({1, 2, 3});
  Node a = prompt.child(4).child(5), b = prompt.child(6);
  f.evaluate(a);
  f.evaluate(b);
  f.expect_cells(6, 2);
  a = Node();
  f.expect_cells(4, 1);
  f.evaluate(b.child(1));  // the fork's last sequence still sees the prompt
  b = Node();
  f.expect_cells(3, 1);
  f.evaluate(prompt.child(7));
}

TEST(KvCache, ReleasingTheFirstOfTwoBranchesKeepsTheOther) {
  // The first branch lends its sequence to the common part; the second must take that over.
  Fixture f;
  const Node prompt = f.grow({1, 2});
  Node first = prompt.child(3), second = prompt.child(4), third = prompt.child(5);
  f.evaluate(first);
  f.evaluate(second);
  f.evaluate(third);
  first = Node();
  third = Node();
  f.expect_cells(3, 1);
  f.evaluate(prompt.child(6));
  f.evaluate(second.child(0));
}

TEST(KvCache, ATreeOfDraftsIsOneBatch) {
  Fixture f;
  const Node prompt = f.grow({1, 2});
  f.evaluate(prompt);
  const Node a = prompt.child(3), ab = a.child(4), ac = a.child(5), acd = ac.child(6), e = prompt.child(7);
  const std::vector<Node> nodes = {a, ab, ac, acd, e};
  std::vector<int> rows;
  for (const Node& node : nodes) rows.push_back(f.cache.add(node.id(), &kLogits));
  EXPECT_EQ(f.cache.rows(), 5);
  f.cache.forward();
  for (std::size_t i = 0; i < nodes.size(); ++i) f.expect_right(nodes[i], rows[i]);
  f.expect_cells(7, 3);
}

TEST(KvCache, ADraftTreeWithoutACachedPromptIsOneBatchToo) {
  Fixture f;
  const Node a = f.grow({1, 2, 3}), b = f.grow({1, 2, 4, 5}), c = f.grow({6});
  std::vector<int> rows;
  for (const Node& node : {a, b, c}) rows.push_back(f.cache.add(node.id(), &kLogits));
  f.cache.forward();
  f.expect_right(a, rows[0]);
  f.expect_right(b, rows[1]);
  f.expect_right(c, rows[2]);
  f.expect_cells(6, 3);
}

TEST(KvCache, ATipIsEvaluatedAgainInPlace) {
  Fixture f;
  const Node node = f.grow({1, 2, 3});
  f.evaluate(node);
  f.evaluate(node);
  f.expect_cells(3, 1);
  EXPECT_EQ(f.model.rows_evaluated(), 4);
}

TEST(KvCache, ANodeWithDescendantsIsEvaluatedAgainBesideItsCell) {
  Fixture f;
  const Node node = f.grow({1, 2});
  const Node below = node.child(3).child(4);
  f.evaluate(below);
  f.evaluate(node);
  f.expect_cells(4, 1);
  f.evaluate(below.child(5));
  const Node top = node.parent();  // position 0: nothing to copy
  f.evaluate(top);
  f.expect_cells(4, 1);
}

TEST(KvCache, AgainAndANewChildInOneBatch) {
  Fixture f;
  const Node node = f.grow({1, 2});
  const Node below = node.child(3);
  f.evaluate(below);
  const Node fresh = node.child(5).child(6);
  const int again = f.cache.add(node.id(), &kLogits);
  const int row = f.cache.add(fresh.id(), &kLogits);
  EXPECT_EQ(f.cache.rows(), 3);
  f.cache.forward();
  f.expect_right(node, again);
  f.expect_right(fresh, row);
  f.expect_cells(5, 2);
}

TEST(KvCache, AskingTwiceInABatchIsOneRowWithBothOutputs) {
  Fixture f;
  const Node node = f.grow({1, 2});
  const Outputs hidden{.logits = false, .hidden = true, .layers = {2}};
  const int row = f.cache.add(node.id(), &kLogits);
  EXPECT_EQ(f.cache.add(node.id(), &hidden), row);
  EXPECT_EQ(f.cache.output_rows(), 1);
  f.cache.forward();
  f.expect_right(node, row);
  EXPECT_EQ(f.model.hidden(row).size(), 4u);
  EXPECT_EQ(f.model.layer_logits(row, 2).size(), 8u);
}

TEST(KvCache, ChunksEndAtMultiplesWhateverIsCached) {
  Fixture f;
  const Node node = f.grow(std::vector<Token>(20, 1));
  EXPECT_EQ(f.tree.length(f.cache.chunk_end(node.id(), 8)), 8);
  f.cache.add(f.tree.ancestor(node.id(), 5), nullptr);
  f.cache.forward();
  EXPECT_EQ(f.tree.length(f.cache.chunk_end(node.id(), 8)), 8);
  f.cache.add(f.tree.ancestor(node.id(), 16), nullptr);
  f.cache.forward();
  EXPECT_EQ(f.cache.chunk_end(node.id(), 8), node.id());
}

TEST(KvCache, MoreBranchesThanSequencesAreEvaluatedAgain) {
  Fixture f({.max_sequences = 3});
  const Node prompt = f.grow({1, 2, 3, 4});
  std::vector<Node> branches;
  for (Token token = 0; token < 8; ++token) branches.push_back(prompt.child(token));
  for (int round = 0; round < 3; ++round) {
    for (Node& branch : branches) {
      f.evaluate(branch);
      branch = branch.child(round);
      EXPECT_LE(f.cache.sequences(), 3);
    }
  }
}

TEST(KvCache, WhatDoesNotFitInOneBatchIsRefusedAndFitsInTheNext) {
  Fixture f({.max_sequences = 2});
  const Node prompt = f.grow({1});
  f.evaluate(prompt);
  const Node a = prompt.child(2), b = prompt.child(3), c = prompt.child(4);
  EXPECT_GE(f.cache.add(a.id(), &kLogits), 0);
  EXPECT_GE(f.cache.add(b.id(), &kLogits), 0);
  EXPECT_EQ(f.cache.add(c.id(), &kLogits), -1);
  f.cache.forward();
  f.evaluate(c);
}

TEST(KvCache, AFullCacheDropsWhatWasUsedLongestAgo) {
  Fixture f({.n_cells = 10});
  const Node a = f.grow({1, 1, 1, 1, 1, 1}), b = f.grow({2, 2, 2, 2, 2, 2});
  f.evaluate(a);
  f.evaluate(b);  // needs two cells of a
  EXPECT_EQ(f.cache.cells(), 10);
  EXPECT_EQ(f.cache.rows_needed(a.child(3).id()), 3);
  f.evaluate(a.child(3));
  f.evaluate(b.child(3));
}

TEST(KvCache, ATextLongerThanTheCacheIsRefused) {
  Fixture f({.n_cells = 4});
  EXPECT_EQ(f.cache.add(f.grow({1, 2, 3, 4, 5}).id(), &kLogits), -1);
}

TEST(KvCache, LimitsOfABatch) {
  Fixture f({.max_rows = 4, .max_outputs = 2});
  const Node a = f.grow({1, 2, 3}), b = f.grow({4, 5});
  EXPECT_GE(f.cache.add(a.id(), &kLogits), 0);
  EXPECT_EQ(f.cache.add(b.id(), &kLogits), -1);         // two more rows
  EXPECT_GE(f.cache.add(b.parent().id(), nullptr), 0);  // one more, without outputs
  f.cache.forward();
  const Node c = a.child(1), d = a.child(2), e = a.child(3);
  EXPECT_GE(f.cache.add(c.id(), &kLogits), 0);
  EXPECT_GE(f.cache.add(d.id(), &kLogits), 0);
  EXPECT_EQ(f.cache.add(e.id(), &kLogits), -1);  // a third output
  f.cache.forward();
}

// Rows with hidden states or states only are as many as a batch has.
TEST(KvCache, CountsRowsWithLogitsOnly) {
  const Outputs hidden{.logits = false, .hidden = true, .layers = {}, .states = {}};
  const Outputs states{.logits = false, .hidden = false, .layers = {}, .states = {1}};
  const Outputs layers{.logits = false, .hidden = false, .layers = {1}};
  Fixture f({.max_rows = 8, .max_outputs = 1});
  const Node node = f.grow({1});
  std::vector<Node> children;
  for (Token token = 0; token < 6; ++token) children.push_back(node.child(token));
  EXPECT_GE(f.cache.add(children[0].id(), &hidden), 0);
  EXPECT_GE(f.cache.add(children[1].id(), &hidden), 0);
  const int both = f.cache.add(children[2].id(), &states);
  EXPECT_EQ(f.cache.output_rows(), 0);
  EXPECT_EQ(f.cache.add(children[2].id(), &layers), both);
  EXPECT_EQ(f.cache.output_rows(), 1);
  EXPECT_EQ(f.cache.add(children[3].id(), &kLogits), -1);
  EXPECT_EQ(f.cache.add(children[2].id(), &hidden), both);
  f.cache.forward();
  EXPECT_EQ(f.model.state(both, 1).size(), 4u);
  EXPECT_EQ(f.model.hidden(both).size(), 4u);
  EXPECT_EQ(f.model.layer_logits(both, 1).size(), 8u);
}

TEST(KvCache, AFailedForwardLeavesNoTrace) {
  Fixture f;
  const Node prompt = f.grow({1, 2});
  f.evaluate(prompt);
  const Node a = prompt.child(3).child(4), b = prompt.child(5);
  f.cache.add(a.id(), &kLogits);
  f.cache.add(b.id(), &kLogits);
  f.model.fail_in = 0;
  EXPECT_THROW(f.cache.forward(), Error);
  f.expect_cells(2, 1);
  f.evaluate(a);
  f.evaluate(b);
  f.expect_cells(5, 2);
}

// Random growing, evaluating and releasing against a small cache: the model itself throws at any wrong context.
TEST(KvCache, RandomTreesAlwaysSeeTheirOwnText) {
  for (unsigned seed = 0; seed < 40; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    Fixture f({.n_cells = 24 + below(40), .max_sequences = 2 + below(6), .max_rows = 40, .max_outputs = 8});
    std::vector<Node> held = {f.grow({1})};
    for (int step = 0; step < 300; ++step) {
      const int action = below(10);
      Node node = held[static_cast<std::size_t>(below(static_cast<int>(held.size())))];
      if (action < 4 && node.length() < 16) {
        for (int i = below(3); i >= 0; --i) node = node.child(below(3));
        held.push_back(node);
      } else if (action < 6 && held.size() > 1) {
        held.erase(held.begin() + below(static_cast<int>(held.size())));
      } else {
        std::vector<std::pair<Node, int>> batch;
        for (int i = below(4); i >= 0; --i) {
          const Node& target = held[static_cast<std::size_t>(below(static_cast<int>(held.size())))];
          const int row = f.cache.add(target.id(), &kLogits);
          if (row >= 0) batch.emplace_back(target, row);
        }
        if (batch.empty()) continue;
        f.cache.forward();
        for (const auto& [target, row] : batch) f.expect_right(target, row);
      }
      f.cache.flush();
      ASSERT_EQ(f.cache.cells(), f.model.used_cells()) << "seed " << seed << " step " << step;
      ASSERT_EQ(f.cache.sequences(), f.model.used_sequences()) << "seed " << seed << " step " << step;
    }
    held.clear();
    f.expect_cells(0, 0);
  }
}

}  // namespace
}  // namespace decant
