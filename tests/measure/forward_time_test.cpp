#include "measure/forward_time.h"

#include <gtest/gtest.h>

#include <set>

#include "support/table_model.h"

namespace decant {
namespace {

using testing::LoggedRow;
using testing::TableModel;

TEST(BranchForward, EveryRowIsABranchOfThePrefix) {
  TableModel model({.n_vocab = 1000});
  BranchForward forward(model, 5, 4);
  const std::size_t prompt = model.batches().size();
  const std::vector<Token> prefix = model.batches().back().back().prefix;
  ASSERT_EQ(prefix.size(), 5u);
  for (const int rows : {1, 4, 2, 4}) {
    EXPECT_GT(forward.seconds(rows), 0);
    const auto& batch = model.batches().back();
    ASSERT_EQ(std::ssize(batch), rows);
    std::set<Token> tokens;
    for (const LoggedRow& row : batch) {
      EXPECT_TRUE(row.output);
      EXPECT_EQ(row.position, 5);
      EXPECT_EQ(row.sequences, 1);
      EXPECT_EQ(std::vector(row.prefix.begin(), row.prefix.end() - 1), prefix);
      tokens.insert(row.token);
    }
    EXPECT_EQ(std::ssize(tokens), rows) << "the rows differ";
    EXPECT_EQ(model.used_cells(), 5) << "rolled back";
  }
  EXPECT_EQ(model.batches().size(), prompt + 4);
}

TEST(BranchForward, LeavesAnEmptyCache) {
  TableModel model;
  for (int i = 0; i < 3; ++i) {
    BranchForward forward(model, 1, 16);
    EXPECT_EQ(model.used_sequences(), 16);
    forward.seconds(16);
  }
  EXPECT_EQ(model.used_cells(), 0);
  EXPECT_EQ(model.used_sequences(), 0);
}

TEST(BranchForward, ReadsALongPrefixInBatchesThatTheModelTakes) {
  TableModel model({.max_rows = 8});
  const BranchForward forward(model, 20, 2);
  ASSERT_EQ(model.batches().size(), 3u);
  EXPECT_EQ(model.batches()[2].size(), 4u);
  EXPECT_EQ(model.used_cells(), 20);
}

TEST(PromptSeconds, ReadsChunksAndAsksForTheLastLogitsOnly) {
  TableModel model({.max_rows = 16});
  for (const auto& [chunk, sizes] :
       std::vector<std::pair<int, std::vector<std::size_t>>>{{5, {5, 5, 2}}, {6, {6, 6}}, {12, {12}}, {100, {12}}}) {
    const std::size_t before = model.batches().size();
    EXPECT_GT(prompt_seconds(model, 12, chunk), 0);
    std::vector<std::size_t> found;
    int position = 0;
    for (auto batch = model.batches().begin() + static_cast<std::ptrdiff_t>(before); batch != model.batches().end();
         ++batch) {
      found.push_back(batch->size());
      for (const LoggedRow& row : *batch) {
        EXPECT_EQ(row.position, position++);
        EXPECT_EQ(row.output, position == 12);
      }
    }
    EXPECT_EQ(found, sizes) << chunk;
    EXPECT_EQ(model.used_cells(), 0);
  }
}

}  // namespace
}  // namespace decant
