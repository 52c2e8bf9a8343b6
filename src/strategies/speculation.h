// Who guesses for a Run, how much, and what came of it.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "drafters/draft_length.h"
#include "drafters/drafter.h"

namespace decant {

// Throws Error(unavailable) for a model that cannot go back to before a rejected guess of the drafter's.
void check_takes_back(const ModelInfo& target, std::string_view drafter);

// Gives every end of a text, and every guess that something may follow, its row; returns their nodes in that order.
std::vector<Node> number_rows(std::vector<Draft>& drafts);

class Speculation {
 public:
  // Throws Error(unavailable) for a model that cannot take back what it has read, unless nobody insists
  // (speculate=auto).
  explicit Speculation(Run& run);

  bool is_off() const { return drafters_.empty(); }

  // The drafters fill the drafts, which are empty: of each the first that has something to say, and is worth it.
  Task<void> guess(Run& run, std::vector<Draft>& drafts);

  // A forward of so many rows has verified them.
  void evaluated(const Run& run, std::size_t rows);

  // What came of a draft: the last guess that the text holds (or kTip), and how many tokens were written.
  void learn(Run& run, const Draft& draft, int last_kept, int written);

 private:
  struct Named {
    std::string_view name;
    std::unique_ptr<Drafter> drafter;
    int most;         // guesses at a time; the heuristic schedule changes it
    bool has_models;  // that it evaluates
    DraftLength length;
  };
  int limit(Named& named, int texts);

  std::vector<Named> drafters_;
  bool only_chains_ = false;  // what is rejected is taken back from the end of a text
  RowCosts costs_;
  DraftSchedule schedule_;
  bool reads_prompt_ = true;  // the next forward
  double asked_ = -1;         // when the forward under way was; below 0: it reads the prompt
};

}  // namespace decant
