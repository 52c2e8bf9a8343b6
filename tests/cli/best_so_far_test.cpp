#include "cli/best_so_far.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support/table_model.h"

namespace decant {
namespace {

const testing::TableVocab vocab({"a", "b", "c"});

SearchCandidate kept(int node, int parent, Token token, double score) {
  SearchCandidate each;
  each.parent = parent;
  each.token = token;
  each.score = score;
  each.fate = Fate::kept;
  each.node = node;
  return each;
}

SearchCandidate finished(int node, int parent, Token token, double normalized) {
  SearchCandidate each = kept(node, parent, token, -9);
  each.fate = Fate::finished;
  each.normalized = normalized;
  each.finish = FinishReason::stop;
  return each;
}

SearchStep step(std::vector<SearchCandidate> candidates) {
  SearchStep step;
  step.candidates = std::move(candidates);
  return step;
}

TEST(BestSoFar, NothingBeforeTheFirstStep) { EXPECT_FALSE(BestSoFar().sequence(vocab, "")); }

TEST(BestSoFar, TheBestOfThoseThatGoOn) {
  BestSoFar best;
  best.search(step({kept(1, 0, 0, -1), kept(2, 0, 1, -2), SearchCandidate()}));  // the last one was pruned
  best.search(step({kept(3, 1, 2, -7), kept(4, 2, 0, -6)}));
  const Sequence found = best.sequence(vocab, "").value();
  EXPECT_EQ(found.bytes, "ba");
  EXPECT_EQ(found.ids, (std::vector<Token>{1, 0}));
  EXPECT_EQ(found.finish, FinishReason::running);
  EXPECT_EQ(found.beam.value().sum, -6);
  EXPECT_TRUE(std::isnan(found.beam.value().normalized));
  EXPECT_EQ(best.sequence(vocab, "b").value().bytes, "a");  // healed
}

TEST(BestSoFar, OneThatEndedIsBetter) {
  BestSoFar best;
  best.search(step({kept(1, 0, 0, -1), finished(2, 0, 1, -3)}));
  best.search(step({kept(3, 1, 0, -2), finished(4, 1, 1, -2.5), finished(5, 1, 2, -4)}));
  best.search(step({kept(6, 3, 0, -3)}));
  const Sequence found = best.sequence(vocab, "").value();
  EXPECT_EQ(found.bytes, "ab");
  EXPECT_EQ(found.finish, FinishReason::stop);
  EXPECT_EQ(found.beam.value().normalized, -2.5);
}

}  // namespace
}  // namespace decant
