#include "drafters/draft.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "support/runs.h"

namespace decant {
namespace {

using Path = std::vector<Token>;

// A tree of up to n guesses of the tokens 0 to 3, each behind one that is there, or behind the tip.
struct Guessed {
  explicit Guessed(int n) : vocab({"a", "b", "c", "d", "tip"}), stop(testing::greedy_config(90), vocab, 1, 100) {
    for (int i = 0; i < n; ++i) {
      const int parent = *rc::gen::inRange(kTip, static_cast<int>(draft.guesses().size()));
      const int token = *rc::gen::inRange(0, 4);
      if (draft.child(parent, token) == kTip) draft.add(parent, token);
    }
  }

  testing::TableVocab vocab;
  StopRules stop;
  PrefixTree tree;
  Draft draft{tree.root().child(4), 0, stop};
};

// The tokens from the tip to each guess, in their order.
std::vector<Path> paths(const Draft& draft) {
  std::vector<Path> all;
  for (const Guess& guess : draft.guesses()) {
    RC_ASSERT(guess.parent < std::ssize(all));
    all.push_back(guess.parent == kTip ? Path{} : all[static_cast<std::size_t>(guess.parent)]);
    all.back().push_back(guess.node.token());
    RC_ASSERT(guess.node.parent() == draft.node(guess.parent));
  }
  return all;
}

RC_GTEST_PROP(Draft, WhatIsLeftOutGoesWithAllThatFollowsIt, ()) {
  Guessed made(*rc::gen::inRange(0, 30));
  const std::vector<Path> before = paths(made.draft);
  std::set<Path> left_out;
  for (const Path& path : before) {
    if (*rc::gen::inRange(0, 4) == 0) left_out.insert(path);
  }
  std::vector<Path> expected;
  for (const Path& path : before) {
    bool stays = true;
    for (std::size_t n = 1; n <= path.size(); ++n) stays &= !left_out.contains(Path(path.begin(), path.begin() + n));
    if (stays) expected.push_back(path);
  }

  made.draft.erase_if([&](const Guess& guess) {
    std::vector<Token> whole;
    guess.node.path(whole);
    const Path path(whole.begin() + made.draft.tip().length(), whole.end());
    RC_ASSERT(std::find(before.begin(), before.end(), path) != before.end());
    return left_out.contains(path);
  });
  RC_ASSERT(paths(made.draft) == expected);
}

RC_GTEST_PROP(Draft, KeepingTheFirstLeavesOneChain, ()) {
  Guessed made(*rc::gen::inRange(0, 30));
  Path first;  // from the tip on always what was guessed first
  const std::vector<Path> before = paths(made.draft);
  for (const Path& path : before) {
    if (path.size() == first.size() + 1 && std::equal(first.begin(), first.end(), path.begin())) first = path;
  }
  made.draft.keep_first();
  std::vector<Path> chain;
  for (std::size_t n = 1; n <= first.size(); ++n) chain.emplace_back(first.begin(), first.begin() + n);
  RC_ASSERT(paths(made.draft) == chain);
}

}  // namespace
}  // namespace decant
