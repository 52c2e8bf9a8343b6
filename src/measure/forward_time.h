// How long a forward takes: the step of every strategy, without the strategy.
//
// What is timed is the model alone, until its logits can be read; afterwards the cache is as it was before.
// Tested by tests/measure/forward_time_test.cpp.
#pragma once

#include <vector>

#include "model/model.h"

namespace decant {

// Forwards of K rows, each the next token of its own branch of one cached prefix: beams, candidates, drafts, requests.
class BranchForward {
 public:
  // Reads a prefix of `context` tokens (at least one) into the empty cache, which must have room for `branches` more.
  BranchForward(Model& model, int context, int branches);
  ~BranchForward();
  BranchForward(const BranchForward&) = delete;
  BranchForward& operator=(const BranchForward&) = delete;

  // Seconds for this many rows, up to `branches`, each with logits.
  double seconds(int rows);

 private:
  Model& model_;
  int context_;
  std::vector<SeqId> branches_;
};

// Seconds to read a prompt of this many tokens into the empty cache, `chunk` at a time, logits of the last one only.
double prompt_seconds(Model& model, int tokens, int chunk);

}  // namespace decant
