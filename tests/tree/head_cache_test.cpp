// The cache of a head for further tokens over that of its model: every row reads what the model says of the text
// before, or of drafts what the head itself has said, and such guesses do not outlive what the model says later.
#include <gtest/gtest.h>

#include "support/head_table.h"
#include "support/random_steps.h"
#include "tree/kv_cache.h"

namespace decant {
namespace {

using namespace testing;

using Tokens = std::vector<Token>;

const Outputs kLogits{.logits = true};

struct Headed {
  explicit Headed(TableShape shape = {}, TableShape head_shape = {})
      : model(std::make_shared<TableModel>(shape)),
        head(head_shape, model),
        texts(std::make_shared<KvCache>(tree, *model)),
        guesses(tree, head, texts) {}

  Node grow(const Tokens& tokens) {
    Node node = tree.root();
    for (const Token token : tokens) node = node.child(token);
    return node;
  }

  // What the head's cells hold of the text.
  Tokens guess(const Node& node) {
    guesses.begin();
    const int row = guesses.add(node.id(), &kLogits);
    EXPECT_GE(row, 0);
    guesses.forward();
    const Tokens cells = head.batches().back()[static_cast<std::size_t>(row)].prefix;
    const auto logits = head.logits(row);
    EXPECT_EQ(std::vector(logits.begin(), logits.end()), head.logits_after(cells));
    return cells;
  }

  void verify(const std::vector<Node>& nodes) {
    texts->begin();
    for (const Node& node : nodes) ASSERT_GE(texts->add(node.id(), &kLogits), 0);
    texts->forward();
  }

  PrefixTree tree;
  std::shared_ptr<TableModel> model;
  HeadTable head;
  std::shared_ptr<KvCache> texts;
  KvCache guesses;
};

TEST(HeadCache, ARowReadsWhatTheModelSaysOfTheTextBefore) {
  Headed headed;
  const Node text = headed.grow({1, 2, 3}), next = text.child(4);
  headed.verify({text});
  EXPECT_EQ(headed.guess(next), headed.head.cells_of({1, 2, 3, 4}, 3));
  EXPECT_EQ(headed.model->rows_evaluated(), 3) << "nothing is read again";
}

TEST(HeadCache, WhatTheModelHasNotReadItReadsFirst) {
  Headed headed;
  const Node text = headed.grow({1, 2, 3});
  EXPECT_EQ(headed.guess(text), headed.head.cells_of({1, 2, 3}, 2));
  EXPECT_EQ(headed.model->rows_evaluated(), 2) << "of the last token it says nothing that a row reads";
}

TEST(HeadCache, DraftsReadWhatTheHeadHasSaid) {
  Headed headed;
  const Node text = headed.grow({1, 2, 3}), tip = text.child(4), first = tip.child(5), second = first.child(6);
  headed.verify({text});
  headed.guess(tip);
  EXPECT_EQ(headed.guess(first), headed.head.cells_of({1, 2, 3, 4, 5}, 3));
  EXPECT_EQ(headed.guess(second), headed.head.cells_of({1, 2, 3, 4, 5, 6}, 3));
  EXPECT_EQ(headed.model->rows_evaluated(), 3) << "drafts are not read by the model";
}

TEST(HeadCache, WhatTheModelHasReadIsNoGuessAnyMore) {
  Headed headed;
  const Node text = headed.grow({1, 2, 3}), tip = text.child(4), first = tip.child(5), second = first.child(6);
  headed.verify({text});
  for (const Node& node : {tip, first, second}) headed.guess(node);
  headed.verify({tip, first, second});
  const int before = headed.head.rows_evaluated();
  EXPECT_EQ(headed.guess(second.child(7)), headed.head.cells_of({1, 2, 3, 4, 5, 6, 7}, 6));
  EXPECT_EQ(headed.head.rows_evaluated(), before + 3) << "the guesses that were kept, and the new token";
  EXPECT_EQ(headed.model->rows_evaluated(), 6);
}

TEST(HeadCache, ARefusedGuessGoesWithItsCells) {
  Headed headed;
  const Node text = headed.grow({1, 2, 3}), tip = text.child(4);
  headed.verify({text});
  {
    const Node guess = tip.child(5);
    headed.guess(tip);
    headed.guess(guess);
    headed.verify({tip, guess});
  }
  EXPECT_EQ(headed.guess(tip.child(6)), headed.head.cells_of({1, 2, 3, 4, 6}, 4));
}

TEST(HeadCache, ForgettingTheHeadForgetsTheModel) {
  Headed headed;
  const Node text = headed.grow({1, 2, 3}), tip = text.child(4);
  headed.verify({text});
  headed.guess(tip);
  headed.guesses.clear();
  EXPECT_EQ(headed.texts->cells(), 0);
  EXPECT_EQ(headed.guess(tip), headed.head.cells_of({1, 2, 3, 4}, 3));
}

TEST(HeadCache, OfTwoTextsFromOneEachReadsItsOwn) {
  Headed headed;
  const Node text = headed.grow({1, 2, 3});
  headed.verify({text});
  const Node a = text.child(4), b = text.child(5);
  EXPECT_EQ(headed.guess(a), headed.head.cells_of({1, 2, 3, 4}, 3));
  EXPECT_EQ(headed.guess(b), headed.head.cells_of({1, 2, 3, 5}, 3)) << "the state was read: it is computed again";
}

// In small caches, with failures on both sides, and in large ones: a row never reads another text's state.
class RandomHeadCache : public ::testing::TestWithParam<bool> {};

TEST_P(RandomHeadCache, TenThousandStepsReadTheStatesOfTheirOwnTexts) {
  const bool small = GetParam();
  const TableShape shape = small ? TableShape{.n_cells = 26, .max_sequences = 6, .max_rows = 9} : TableShape{};
  const TableShape head_shape = small ? TableShape{.n_cells = 24, .max_sequences = 5, .max_rows = 12} : TableShape{};
  Headed headed(shape, head_shape);
  int guessed = 0, checked = 0;
  const auto next = [&](std::mt19937& random) -> KvCache& {
    if (small && random() % 40 == 0) headed.model->fail_in = 0;
    if (small && random() % 40 == 0) headed.head.fail_in = 0;
    if (random() % 500 == 0) headed.guesses.clear();
    return random() % 3 ? headed.guesses : *headed.texts;
  };
  const auto check = [&](KvCache& cache, const Node& node, int row) {
    Tokens path;
    node.path(path);
    const auto logits = cache.model().logits(row);
    if (&cache == headed.texts.get()) {
      ASSERT_EQ(std::vector(logits.begin(), logits.end()), headed.model->logits_after(path));
      return;
    }
    const Tokens& cells = headed.head.batches().back()[static_cast<std::size_t>(row)].prefix;
    const int guesses = headed.head.guesses_in(cells, path);
    ASSERT_GE(guesses, 0) << ::testing::PrintToString(path);
    ASSERT_EQ(std::vector(logits.begin(), logits.end()), headed.head.logits_after(cells));
    guessed += guesses > 0;
    ++checked;
  };
  EXPECT_LT(random_steps(headed.tree, 5, next, check), 5000) << "or little was tried";
  EXPECT_GT(guessed, 500) << "or nothing was guessed";
  EXPECT_GT(checked, 5000);
}

INSTANTIATE_TEST_SUITE_P(Caches, RandomHeadCache, ::testing::Bool());

}  // namespace
}  // namespace decant
