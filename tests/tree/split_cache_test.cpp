// A cache over that of lower layers: every row reads the state of its own text, whatever was evaluated, dropped, failed
// or forgotten before.
#include <gtest/gtest.h>

#include <map>

#include "support/random_steps.h"
#include "support/upper_table.h"
#include "tree/kv_cache.h"

namespace decant {
namespace {

using namespace testing;

using Tokens = std::vector<Token>;

const Outputs kLogits{.logits = true};

struct Split {
  explicit Split(TableShape shape = {}, TableShape lower_shape = {})
      : lower(std::make_shared<TableModel>(lower_shape)),
        upper(shape, lower),
        drafts(std::make_shared<KvCache>(tree, *lower)),
        whole(tree, upper, drafts) {}

  Node grow(const Tokens& tokens) {
    Node node = tree.root();
    for (const Token token : tokens) node = node.child(token);
    return node;
  }

  void evaluate(KvCache& cache, const Node& node) {
    const int row = cache.add(node.id(), &kLogits);
    ASSERT_GE(row, 0);
    cache.forward();
    expect_right(cache, node, row);
  }

  void expect_right(KvCache& cache, const Node& node, int row) {
    Tokens path;
    node.path(path);
    const auto logits = cache.model().logits(row);
    ASSERT_EQ(std::vector(logits.begin(), logits.end()),
              &cache == &whole ? upper.logits_of(path) : lower->logits_after(path));
  }

  // How often a row of each text was evaluated below.
  std::map<Tokens, int> below() const {
    std::map<Tokens, int> times;
    for (const auto& batch : lower->batches()) {
      for (const LoggedRow& row : batch) ++times[row.prefix];
    }
    return times;
  }

  PrefixTree tree;
  std::shared_ptr<TableModel> lower;
  UpperTable upper;
  std::shared_ptr<KvCache> drafts;
  KvCache whole;
};

TEST(SplitCache, WhatWasDraftedIsNotEvaluatedAgain) {
  Split split;
  const Node text = split.grow({1, 2, 3}), guess = split.grow({1, 2, 3, 4, 5});
  split.evaluate(*split.drafts, text);
  split.evaluate(*split.drafts, guess);
  split.evaluate(split.whole, split.grow({1, 2, 3, 4, 5, 6}));
  for (const auto& [prefix, times] : split.below()) EXPECT_EQ(times, 1) << ::testing::PrintToString(prefix);
  EXPECT_EQ(split.lower->rows_evaluated(), 6);
  EXPECT_EQ(split.upper.rows_evaluated(), 6);
}

TEST(SplitCache, WhatTheWholeHasReadIsThereForDrafts) {
  Split split;
  const Node text = split.grow({1, 2, 3}), guess = split.grow({1, 2, 3, 4});
  split.evaluate(split.whole, text);
  split.evaluate(*split.drafts, guess);
  EXPECT_EQ(split.lower->rows_evaluated(), 4);
}

TEST(SplitCache, AStateGoesWithItsText) {
  Split split;
  NodeId id = kNoNode;
  {
    const Node drafted = split.grow({1, 2});
    id = drafted.id();
    split.evaluate(*split.drafts, drafted);
  }
  const Node other = split.grow({3, 2});
  ASSERT_TRUE(id == other.id() || id == other.parent().id()) << "or nothing stale can be met";
  split.evaluate(split.whole, other);
}

TEST(SplitCache, ForgettingTheWholeForgetsWhatIsBelow) {
  Split split;
  const Node text = split.grow({1, 2, 3});
  split.evaluate(*split.drafts, text);
  split.whole.clear();
  EXPECT_EQ(split.drafts->cells(), 0);
  split.evaluate(split.whole, text);
  EXPECT_EQ(split.lower->rows_evaluated(), 6);
}

TEST(SplitCache, WhatABatchNeedsIsNotDroppedBelowForTheRestOfIt) {
  Split split({.n_cells = 6}, {.n_cells = 6});
  const Node drafted = split.grow({1, 2}), newer = split.grow({3, 3, 3, 3}), more = split.grow({4, 5, 6, 7});
  split.evaluate(*split.drafts, drafted);
  split.evaluate(*split.drafts, newer);
  const int row = split.whole.add(drafted.id(), &kLogits);
  ASSERT_GE(split.whole.add(more.id(), &kLogits), 0);
  split.whole.forward();
  const auto logits = split.upper.logits(row);
  EXPECT_EQ(std::vector(logits.begin(), logits.end()), split.upper.logits_of({1, 2}));
}

// In small caches, with failures on both sides.
TEST(SplitCache, TenThousandStepsReadTheStatesOfTheirOwnTexts) {
  TableShape shape{.n_cells = 24, .max_sequences = 5, .max_rows = 12};
  TableShape lower_shape{.n_cells = 26, .max_sequences = 6, .max_rows = 7};
  Split split(shape, lower_shape);
  const auto next = [&](std::mt19937& random) -> KvCache& {
    if (random() % 40 == 0) split.lower->fail_in = 0;
    if (random() % 40 == 0) split.upper.fail_in = 0;
    if (random() % 500 == 0) split.whole.clear();
    return random() % 2 ? split.whole : *split.drafts;
  };
  const auto check = [&](KvCache& cache, const Node& node, int row) { split.expect_right(cache, node, row); };
  EXPECT_LT(random_steps(split.tree, 3, next, check), 5000) << "or little was tried";
}

}  // namespace
}  // namespace decant
