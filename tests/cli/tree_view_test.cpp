#include "cli/tree_view.h"

#include <gtest/gtest.h>

#include "support/table_model.h"

namespace decant {
namespace {

const testing::TableVocab vocab({"a", "b", "c", "\033[2J", "\xff", "日"});

SearchCandidate kept(int node, int parent, Token token, int lane, double log_p = -1) {
  return {.parent = parent,
          .token = token,
          .log_p = log_p,
          .score = -3,
          .fate = Fate::kept,
          .reason = PruneReason::none,
          .node = node,
          .lane = lane};
}

SearchCandidate finished(int node, int parent, Token token) {
  return {.parent = parent,
          .token = token,
          .log_p = -1,
          .score = -4,
          .fate = Fate::finished,
          .reason = PruneReason::none,
          .node = node,
          .finish = FinishReason::stop,
          .length = 2,
          .normalized = -2};
}

SearchCandidate pruned(int parent, Token token, PruneReason reason) {
  return {.parent = parent, .token = token, .log_p = -2, .score = -5, .reason = reason};
}

SearchTree tree_of(std::vector<std::vector<SearchCandidate>> steps, std::vector<SearchEnd> ends) {
  SearchTree tree;
  for (auto& candidates : steps) tree.add({.position = 0, .seconds = 0, .candidates = std::move(candidates)});
  tree.ends = std::move(ends);
  return tree;
}

SearchEnd end(int sequence, int node, double normalized = -2) {
  return {.sequence = sequence,
          .node = node,
          .score = -4,
          .length = 2,
          .normalized = normalized,
          .finish = FinishReason::stop};
}

std::string drawn(const SearchTree& tree, int width = 80) {
  const std::string all = show_tree(tree, {vocab, Style(false), width});
  return all.substr(0, all.find("\n\n") + 1);
}

TEST(TreeView, AStretchWithoutBranchesIsOneLine) {
  const SearchTree tree = tree_of({{kept(1, 0, 0, 0, 0)}, {kept(2, 1, 1, 0, 0)}, {finished(3, 2, 2)}}, {end(0, 3)});
  EXPECT_EQ(drawn(tree), "\"abc\" 0.368  > 1: -2.000 (-4.00), stop\n");
}

TEST(TreeView, BranchesAreIndentedAndTheBestTextGoesDown) {
  const SearchTree tree = tree_of({{kept(1, 0, 0, 0), kept(2, 0, 1, 1)}, {finished(3, 2, 2), finished(4, 1, 1)}},
                                  {end(0, 3, -1), end(-1, 4, -2)});
  EXPECT_EQ(drawn(tree),
            "├─ \"ab\" 0.135  -2.000 (-4.00), stop\n"
            "\"bc\" 0.135  > 1: -1.000 (-4.00), stop\n");
}

TEST(TreeView, WhatDiedSaysWhy) {
  const SearchTree tree = tree_of({{kept(1, 0, 0, 0), kept(2, 0, 1, 1), pruned(0, 2, PruneReason::rank)},
                                   {finished(3, 1, 2), kept(4, 1, 1, 0), pruned(1, 0, PruneReason::finished),
                                    pruned(1, 5, PruneReason::constraint_unmet)}},
                                  {end(0, 3)});
  EXPECT_EQ(drawn(tree),
            "├╴ \"b\" 0.368  x others were better\n"
            "\"a\" 0.368\n"
            "├╴ \"b\" 0.368  x the search was over\n"
            "├╴ \"a\" 0.135  x ended too far back\n"
            "├╴ and 1 more\n"
            "\"c\" 0.368  > 1: -2.000 (-4.00), stop\n");
}

TEST(TreeView, LivingBeamsAreNumberedFromOne) {
  const SearchTree tree = tree_of({{kept(1, 0, 0, 0), kept(2, 0, 1, 1), kept(3, 0, 2, 2)}}, {});
  const std::string beams = show_beams(tree, {vocab, Style(false), 80});
  std::string ranks;
  for (std::size_t begin = 0; begin < beams.size(); begin = beams.find('\n', begin) + 1)
    ranks += beams.substr(begin, 4);
  EXPECT_EQ(ranks, "  1   2   3 ");
}

TEST(TreeView, TextsAreHarmlessAndFit) {
  std::vector<std::vector<SearchCandidate>> steps;
  for (int i = 1; i < 60; ++i) steps.push_back({kept(i, i - 1, i % 7 == 0 ? 3 : i % 5 == 0 ? 4 : 5, 0)});
  steps.push_back({finished(60, 59, 5)});
  const SearchTree tree = tree_of(steps, {end(0, 60)});
  for (const int width : {30, 40, 63, 64, 80, 200}) {
    const std::string all =
        show_tree(tree, {vocab, Style(false), width}) + show_beams(tree, {vocab, Style(false), width});
    EXPECT_EQ(all.find('\033'), all.npos);
    for (std::size_t begin = 0; begin < all.size();) {
      const std::size_t stop = all.find('\n', begin);
      EXPECT_LE(columns(std::string_view(all).substr(begin, stop - begin)), width);
      begin = stop + 1;
    }
  }
  EXPECT_NE(drawn(tree).find("…"), std::string::npos);
}

TEST(TreeView, TheTableHasTheAnswersAndWhatTheyLack) {
  SearchEnd without = end(0, 1, -1.5);
  without.unmet = {" rain"};
  const SearchTree tree = tree_of({{finished(1, 0, 0), finished(2, 0, 1)}}, {without, end(-1, 2, -2.5)});
  const std::string all = show_tree(tree, {vocab, Style(false), 80});
  EXPECT_NE(all.find(">    -1.5000    -4.0000       2  stop     a without  rain\n"), all.npos) << all;
  EXPECT_NE(all.find("     -2.5000    -4.0000       2  stop     b\n"), all.npos) << all;
}

}  // namespace
}  // namespace decant
