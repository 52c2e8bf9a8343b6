// What contrastive decoding and DoLa share: scores that take the place of the model's logits, greedy or drawn from.
#pragma once

#include <memory>
#include <vector>

#include "run/run.h"

namespace decant {

class Contrast {
 public:
  virtual ~Contrast() = default;

  // What has to be known of the texts: the rows of the first ask are theirs.
  virtual std::vector<Ask> asks(const std::vector<Node>& tips) = 0;

  // The scores of text i of n; valid until the next call.
  virtual Feed feed(Rows rows, std::size_t i, std::size_t n) = 0;

  // The best token of the step that was made of it.
  virtual Token best(const Step& step) { return step.scores.argmax(); }

  // What a trace is to say of it.
  virtual std::shared_ptr<const StrategyTrace> explain(const Step& step, Token chosen) = 0;
};

// Writes the Run's sequences: the best token every time or, where the options ask for it, a drawn one.
Task<void> write_texts(Run& run, Contrast& contrast);

}  // namespace decant
