// The rounds of speculation in a terminal: a line for each, with what was guessed and what became of it.
//
//   round  guessed  kept
//       3       10     2  +" answer" +" is" x" so" >":"
//       4        0     0  " yes"
//
// +: a guess that was kept; x: one that was not; >: the model's token in place of it; *: a token behind all guesses. A
// token without a sign was not guessed.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/tree_view.h"
#include "run/request.h"

namespace decant {

class SpeculativeTrace;

struct WrittenToken {
  Token token = -1;
  std::shared_ptr<const SpeculativeTrace> speculation = nullptr;  // null: nothing was guessed
};

using WrittenTexts = std::map<int, std::vector<WrittenToken>>;  // by number of the sequence

std::string show_rounds(const WrittenTexts& texts, const TreeStyle& how);

class RoundsView : public RunObserver {
 public:
  bool wants_text() const override { return false; }
  bool wants_decisions() const override { return true; }
  void decision(const Decision& decision) override;

  const WrittenTexts& texts() const { return texts_; }

 private:
  WrittenTexts texts_;
};

}  // namespace decant
