// Texts that are written together, of which the caches may not hold all.
//
// Tested by tests/strategies/sample_test.cpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <vector>

#include "drafters/draft.h"
#include "drafters/drafter.h"
#include "run/run.h"

namespace decant {

// What the caches of the models hold of the texts, each with the next token and what is guessed for it.
class CacheRoom {
 public:
  explicit CacheRoom(const Run& run)
      : sides_(run.config().guidance_scale == 1 ? 1 : 2),
        prompt_(run.prompt().length()),
        next_(1 + most_guesses(run.config())),
        n_cells_(run.model_info().n_cells),
        most_texts_(run.model_info().max_sequences) {
    for (int model = 1; model < run.first_drafting_model(); ++model) {
      n_cells_ = std::min(n_cells_, run.model_info(model).n_cells);
      most_texts_ = std::min(most_texts_, run.model_info(model).max_sequences);
    }
    most_texts_ = std::max(most_texts_ / sides_, 1);
  }

  // Takes those texts out that have to wait until others have ended: in turns, each would have to be read again for
  // every token. The first one goes on.
  std::vector<Draft> take_waiting(std::vector<Draft>& drafts) const {
    std::int64_t cells = std::int64_t{prompt_} * sides_;
    const auto is_too_many = [&](const Draft& draft) {
      cells += std::int64_t{draft.tip().length() - prompt_ + next_} * sides_;
      return cells > n_cells_;
    };
    const auto fit = std::find_if(drafts.begin(), drafts.end(), is_too_many) - drafts.begin();
    const auto most = std::min<std::ptrdiff_t>(most_texts_, std::ssize(drafts));
    const auto wait = drafts.begin() + std::clamp<std::ptrdiff_t>(fit, 1, most);
    std::vector<Draft> waiting(std::make_move_iterator(wait), std::make_move_iterator(drafts.end()));
    drafts.erase(wait, drafts.end());
    return waiting;
  }

 private:
  int sides_;  // a text's own, and with guidance that behind the negative prompt
  int prompt_, next_, n_cells_, most_texts_;
};

}  // namespace decant
