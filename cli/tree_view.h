// The tree of a beam search in a terminal: the beams as they live, and at the end what became of every text.
//
// The main text goes down the page, each line a stretch without branches; a branch is indented, whatever its length, so
// that depth is a number of detours and not of tokens. What died is one line with the reason.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/live_lines.h"
#include "cli/output.h"
#include "cli/style.h"
#include "run/request.h"

namespace decant {

struct TreeNode {
  int parent = 0;
  Token token = -1;
  int group = 0;
  double log_p = 0, score = 0;
  std::vector<SearchCandidate> pruned = {};  // continuations that did not live
  std::vector<int> children = {};
};

struct SearchTree {
  std::vector<TreeNode> nodes = std::vector<TreeNode>(1);  // 0 is the prompt
  std::vector<SearchEnd> ends = {};                        // the answers first
  std::vector<int> beams = {};                             // that go on, best first

  void add(const SearchStep& step);
};

struct TreeStyle {
  const Vocab& vocab;
  Style style;
  int width = 80;  // columns
};

// The tree, then a table of the texts that ended.
std::string show_tree(const SearchTree& tree, const TreeStyle& how);

// A line for each beam: its score and the end of its text.
std::string show_beams(const SearchTree& tree, const TreeStyle& how);

// Redraws the beams while the search goes, if standard output is a terminal.
class TreeView : public RunObserver {
 public:
  TreeView(Output& output, const TreeStyle& how) : output_(output), how_(how), beams_(output) {}

  bool wants_text() const override { return false; }
  bool wants_search() const override { return true; }
  void search(const SearchStep& step) override;
  void search_ended(std::span<const SearchEnd> ends) override { tree_.ends.assign(ends.begin(), ends.end()); }

  void end();  // wipes the beams and writes the tree

 private:
  Output& output_;
  TreeStyle how_;
  SearchTree tree_;
  LiveLines beams_;
};

}  // namespace decant
