#include "tree/state_cache.h"

#include <gtest/gtest.h>

#include <random>

#include "base/error.h"
#include "support/cache_fixture.h"

namespace decant {
namespace {

using testing::kLogits;
using Fixture = testing::CacheFixture<StateCache>;

constexpr int kChunk = 8;

TEST(StateCache, ATextGoesOnInItsOwnSequence) {
  Fixture f({.rewind = 0});
  Node node = f.grow({1, 2, 3});
  EXPECT_EQ(f.read(node, kChunk), 3);
  for (Token token = 0; token < 8; ++token) {
    node = node.child(token);
    EXPECT_EQ(f.read(node, 100), 1);
  }
  f.expect_cells(11, 1);
  node = Node();
  f.expect_cells(0, 0);
}

TEST(StateCache, WhatSomebodyHoldsStays) {
  Fixture f({.rewind = 0});
  const Node prompt = f.grow({1, 2});
  f.read(prompt, kChunk);
  const Node a = prompt.child(3);
  EXPECT_EQ(f.read(a, kChunk), 1);
  const Node b = prompt.child(4);
  EXPECT_EQ(f.read(b, kChunk), 1);
  f.expect_cells(4, 3);
}

TEST(StateCache, TextsToComeKeepTheStateBehindWhichTheyPart) {
  Fixture f({.rewind = 0});
  Node prompt = f.grow({1, 2});
  const Node a = prompt.child(3), b = prompt.child(4), c = prompt.child(5);
  f.read(prompt, kChunk);
  prompt = Node();
  EXPECT_EQ(f.read(a, kChunk), 1);
  f.expect_cells(3, 2);
  EXPECT_EQ(f.read(b, kChunk), 1);
  f.expect_cells(4, 3);
  EXPECT_EQ(f.read(c, kChunk), 1);  // the last takes the state itself
  f.expect_cells(5, 3);
}

TEST(StateCache, BeamsOfOneBatchCopyOnce) {
  Fixture f({.rewind = 0});
  Node prompt = f.grow({1, 2});
  f.read(prompt, kChunk);
  std::vector<Node> beams = {prompt.child(3), prompt.child(4), prompt.child(5)};
  prompt = Node();
  for (int step = 0; step < 4; ++step) {
    std::vector<int> rows;
    for (const Node& beam : beams) rows.push_back(f.cache.add(beam.id(), &kLogits));
    EXPECT_EQ(f.cache.rows(), 3);
    f.cache.forward();
    for (std::size_t i = 0; i < beams.size(); ++i) f.expect_right(beams[i], rows[i]);
    f.expect_cells(2 + (step == 0 ? 3 : step + 1 + 3 - 1), 3);
    beams = {beams[0].child(1), beams[0].child(2), beams[0].child(3)};  // one beam's children are all that is left
  }
}

TEST(StateCache, EndsOfChunksAreReadFromAgain) {
  Fixture f({.rewind = 0});
  const std::vector<Token> text(20, 1);
  Node node = f.grow(text);
  EXPECT_EQ(f.read(node, kChunk), 20);
  f.expect_cells(20, 3);               // behind 8, 16 and 20
  EXPECT_EQ(f.read(node, kChunk), 4);  // its logits are not kept
  Node other = f.tree.root();
  for (int i = 0; i < 10; ++i) other = other.child(1);
  EXPECT_EQ(f.read(other.child(2), kChunk), 3);
}

TEST(StateCache, EndsOfChunksGiveWay) {
  Fixture f({.max_sequences = 2, .rewind = 0});
  Node node = f.grow(std::vector<Token>(20, 1));
  EXPECT_EQ(f.read(node, kChunk), 20);
  const Node a = node.child(1), b = node.child(2);
  node = Node();
  EXPECT_EQ(f.read(a, kChunk), 1);
  EXPECT_EQ(f.read(b, kChunk), 1);
  f.expect_cells(22, 2);
}

TEST(StateCache, RejectedDraftsAreTakenBack) {
  Fixture f({.rewind = 4});
  Node text = f.grow({1, 2, 3});
  f.read(text, kChunk);
  for (int round = 0; round < 5; ++round) {
    text = text.child(4);
    std::vector<Node> drafts = {text};
    for (Token token = 0; token < 4; ++token) drafts.push_back(drafts.back().child(token));
    std::vector<int> rows;
    for (const Node& node : drafts) {
      EXPECT_EQ(f.cache.chunk_end(node.id(), 100), node.id());
      rows.push_back(f.cache.add(node.id(), &kLogits));
    }
    EXPECT_EQ(f.cache.rows(), 5);
    f.cache.forward();
    for (std::size_t i = 0; i < rows.size(); ++i) f.expect_right(drafts[i], rows[i]);
    text = drafts[static_cast<std::size_t>(round)];  // so many are accepted
    drafts.clear();
    f.expect_cells(text.length(), 1);
  }
  EXPECT_EQ(f.model.rows_evaluated(), 3 + 5 * 5);
}

TEST(StateCache, ADraftLongerThanCanBeTakenBackIsReadInPieces) {
  Fixture f({.rewind = 2});
  Node text = f.grow({1, 2, 3});
  f.read(text, kChunk);
  std::vector<Node> drafts = {text.child(1)};
  text = Node();
  for (Token token = 0; token < 4; ++token) drafts.push_back(drafts.back().child(token));
  for (const Node& node : drafts) f.read(node, 100);
  EXPECT_LE(f.model.rows_evaluated(), 3 + 5);
}

// Once it has been taken back a state can only go on: others read from elsewhere.
TEST(StateCache, AStateThatWasTakenBackIsNotCopied) {
  Fixture f({.rewind = 4});
  Node text = f.grow({1, 2, 3});
  f.read(text, kChunk);
  Node root = text.child(0);
  text = Node();
  {
    const Node draft = root.child(1);
    f.cache.add(root.id(), &kLogits);
    f.cache.add(draft.id(), &kLogits);
    f.cache.forward();
  }
  f.expect_cells(4, 1);
  const Node a = root.child(2), b = root.child(3);
  EXPECT_EQ(f.read(a, kChunk), 1);
  EXPECT_EQ(f.read(b, kChunk), 5);  // up to where texts part, and on
}

TEST(StateCache, LostBeamsReadWhatTheyHaveInCommonOnce) {
  Fixture f({.n_cells = 64, .max_sequences = 4, .rewind = 0});
  Node prompt = f.grow(std::vector<Token>(20, 1));
  std::vector<Node> beams = {prompt.child(2), prompt.child(3), prompt.child(4)};
  prompt = Node();
  for (const Node& beam : beams) f.read(beam, 100);
  {
    const Node other = f.grow(std::vector<Token>(50, 5));  // takes all there is
    f.read(other, 100);
  }
  f.expect_cells(0, 0);
  int rows = 0;
  for (Node& beam : beams) rows += f.read(beam.child(1), 100);
  EXPECT_EQ(rows, 20 + 3 * 2);
}

TEST(StateCache, NobodyYoungerTakesWhatLeadsToAnOlderClaim) {
  Fixture f({.max_sequences = 2, .rewind = 0});
  const Node a = f.grow({1, 2, 3}), b = f.grow({2, 2, 3}), c = f.grow({3, 2, 3});
  f.read(a, kChunk);
  f.read(b, kChunk);
  const Node a1 = a.child(1), b1 = b.child(1);
  f.cache.begin();
  f.cache.claim(a1.id(), 0);
  f.cache.claim(b1.id(), 1);
  f.cache.claim(c.id(), 2);
  EXPECT_EQ(f.cache.add(c.id(), &kLogits, 2), -1);
  EXPECT_EQ(f.cache.lack(), Cache::Lack::sequences);
  f.cache.forget_lack();
  const int row = f.cache.add(a1.id(), &kLogits, 0);  // may have b's
  ASSERT_GE(row, 0);
  f.cache.forward();
  f.expect_right(a1, row);
}

TEST(StateCache, ATextLongerThanTheCacheIsRefused) {
  Fixture f({.n_cells = 4, .rewind = 0});
  EXPECT_EQ(f.cache.add(f.grow({1, 2, 3, 4, 5}).id(), &kLogits), -1);
  EXPECT_EQ(f.cache.lack(), Cache::Lack::cells);
}

TEST(StateCache, OneSequenceIsEnough) {
  Fixture f({.max_sequences = 1, .rewind = 0});
  const Node prompt = f.grow({1, 2});
  f.read(prompt, kChunk);
  const Node a = prompt.child(3), b = prompt.child(4);
  f.read(a, kChunk);
  f.read(b, kChunk);
  f.read(a.child(1), kChunk);
}

TEST(StateCache, AFailedForwardForgetsWhatItTouched) {
  Fixture f({.rewind = 0});
  const Node prompt = f.grow({1, 2});
  f.read(prompt, kChunk);
  const Node a = prompt.child(3).child(4), b = prompt.child(5);
  f.cache.add(a.id(), &kLogits);
  f.cache.add(b.id(), &kLogits);
  f.model.fail_in = 0;
  EXPECT_THROW(f.cache.forward(), Error);
  f.expect_cells(2, 1);
  f.read(a, kChunk);
  f.read(b, kChunk);
  f.expect_cells(5, 3);
}

TEST(StateCache, AnAbandonedBatchChangesNothing) {
  Fixture f({.rewind = 0});
  Node prompt = f.grow({1, 2});
  f.read(prompt, kChunk);
  const Node a = prompt.child(3), b = prompt.child(4);
  prompt = Node();
  f.cache.add(a.id(), &kLogits);
  f.cache.add(b.id(), &kLogits);
  f.cache.abandon();
  f.expect_cells(2, 1);
  EXPECT_EQ(f.read(a, kChunk), 1);
  EXPECT_EQ(f.read(b, kChunk), 1);
}

// Random growing, evaluating, abandoning and releasing against a small cache: the model throws at any wrong context and
// at whatever a recurrent one cannot do.
TEST(StateCache, RandomTreesAlwaysSeeTheirOwnText) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    Fixture f({.n_cells = 24 + below(40),
               .max_sequences = 1 + below(7),
               .max_rows = 40,
               .max_outputs = 8,
               .rewind = seed % 3 == 0   ? 0
                         : seed % 4 == 0 ? 40
                                         : 1 + below(5)});
    std::vector<Node> held = {f.grow({1})};
    const auto any = [&]() -> Node& { return held[static_cast<std::size_t>(below(static_cast<int>(held.size())))]; };
    for (int step = 0; step < 300; ++step) {
      const int action = below(10);
      if (action < 4 && any().length() < 16) {
        Node node = any();
        for (int i = below(3); i >= 0; --i) node = node.child(below(3));
        held.push_back(node);
      } else if (action < 6 && held.size() > 1) {
        held.erase(held.begin() + below(static_cast<int>(held.size())));
      } else {
        std::vector<std::pair<Node, int>> batch;
        f.cache.begin();
        const bool chunks = below(2) == 0;
        for (int i = below(4); i >= 0; --i) {
          Node target = any();
          while (below(2) == 0) target = target.child(below(3));  // drafts, one behind the other
          for (Node node = target; node.id() != kRoot; node = node.parent()) f.cache.claim(node.id(), below(3));
          const NodeId end = chunks ? f.cache.chunk_end(target.id(), 4) : target.id();
          const int row = f.cache.add(end, &kLogits, below(3));
          if (row >= 0) batch.emplace_back(Node(f.tree, end), row);
        }
        if (batch.empty()) continue;
        if (below(8) == 0) {
          f.cache.abandon();
        } else if (below(12) == 0) {
          f.model.fail_in = 0;
          EXPECT_THROW(f.cache.forward(), Error);
        } else {
          f.cache.forward();
          for (const auto& [target, row] : batch) f.expect_right(target, row);
        }
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
