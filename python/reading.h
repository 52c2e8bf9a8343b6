// What a model says along a text that is given: logits, hidden states, and how likely its tokens are.
#pragma once

#include <memory>
#include <vector>

#include "run/run.h"

namespace decant {

// Filled by its strategy on the engine's thread; read once the request has ended.
struct Reading {
  Outputs outputs;        // of each token from `first` on
  int first = 0;          // counted from 0
  bool verdicts = false;  // and whether each token behind `first` is the likeliest: log_p and greedy

  bool whole = false;                              // all of it has been read
  std::vector<float> logits, hidden;               // row after row
  std::vector<std::vector<float>> layers, states;  // in the order of `outputs`
  std::vector<double> log_p;                       // of the tokens behind `first`, each after those before it
  std::vector<bool> greedy;                        // none is likelier
};

// REQUIRES: 0 <= first < tokens of the prompt.
StrategyFunction read_along(std::shared_ptr<Reading> reading);

}  // namespace decant
