// What a text's next tokens are worth: what has to be asked of the models, what the processors are given, and what a
// trace says of it. Whatever the scoring, texts can be written with it greedily, drawn from it (write_texts), or
// searched for with beams (search_with, in beam.h).
#pragma once

#include <memory>
#include <vector>

#include "run/run.h"

namespace decant {

// As it stands, the plain one: the model's own logits.
class Scoring {
 public:
  virtual ~Scoring() = default;

  // What has to be known of the texts: the rows of the first ask are theirs.
  virtual std::vector<Ask> asks(const std::vector<Node>& tips) { return {{.nodes = tips}}; }

  // What the processors are given for text i of n; valid until the next call.
  virtual Feed feed(Rows, std::size_t /*i*/, std::size_t /*n*/) { return {}; }

  // The best tokens of the step that was made of it, best first: one, or n if there are as many.
  virtual Token best(const Step& step) { return step.scores.argmax(); }
  virtual std::vector<Candidate> best(const Step& step, int n);

  // Whether a search that adds up scores adds up the model's log-probabilities, as the processors left them.
  virtual bool adds_log_p() const { return true; }

  // What a trace is to say of it.
  virtual std::shared_ptr<const StrategyTrace> explain(const Step&, Token /*chosen*/) { return nullptr; }
};

// Writes the Run's sequences, each token drawn, or else the best one every time.
Task<void> write_texts(Run& run, Scoring& scoring, bool drawn);

}  // namespace decant
