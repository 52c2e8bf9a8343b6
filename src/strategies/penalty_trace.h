// For the trace of diverse beam search: what the penalty costs at one step, and whom it costs a place among the beams.
#pragma once

#include <vector>

#include "strategies/search.h"

namespace decant {

class PenaltyTrace {
 public:
  // `taken` lives as long as this. Does nothing unless the search is watched.
  PenaltyTrace(Run& run, const Search& search, const std::vector<Token>& taken);

  void look(int lane, const Beam& beam, const Step& step);

  // After Search::sort_out(). What is not among the candidates, and would be if it were not for the penalty, joins
  // them.
  void explain(Search& search, const std::vector<Beam>& beams, const Extensions& candidates,
               const std::vector<Extension>& survivors, int group);

 private:
  Run& run_;
  double penalty_;
  const std::vector<Token>& taken_;
  std::vector<Extension> penalised_;
};

}  // namespace decant
