// Who guesses for a Run, how much, and what came of it.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "drafters/drafter.h"

namespace decant {

// Gives every end of a text, and every guess that something may follow, its row; returns their nodes in that order.
std::vector<Node> number_rows(std::vector<Draft>& drafts);

class Speculation {
 public:
  explicit Speculation(Run& run);

  bool is_off() const { return drafters_.empty(); }

  // The drafters fill the drafts, which are empty: of each the first that has something to say.
  Task<void> guess(Run& run, std::vector<Draft>& drafts);

  // What came of a draft: guesses along the text that were kept, and tokens written.
  void learn(Run& run, const Draft& draft, int kept, int written);

 private:
  struct Named {
    std::string_view name;
    std::unique_ptr<Drafter> drafter;
  };
  std::vector<Named> drafters_;
  int most_ = 0;
};

}  // namespace decant
