// The processors of one generation, one after the other (recipe.h says which, and in which order).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "options/generation_config.h"
#include "processors/processor.h"
#include "processors/recipe.h"

namespace decant {

// What each processor of a chain did to one distribution.
class ChainTrace {
 public:
  struct Stage {
    std::string_view name;                           // of the processor
    int kept = 0;                                    // tokens left after it
    double removed_mass = 0;                         // of the probability before it
    std::shared_ptr<const std::string> holder = {};  // of the name: a copy of the stage outlives chain and trace
  };

  // `keep_scores`: score() is going to be asked for.
  explicit ChainTrace(bool keep_scores = false) : keep_scores_(keep_scores) {}
  bool keeps_scores() const { return keep_scores_; }

  const std::vector<Stage>& stages() const { return stages_; }

  // The processor that removed the token; empty if none did. Valid as long as any copy of its stage.
  std::string_view removed_by(Token token) const;

  // The scores that temperature and the truncations began with, in vocabulary order.
  std::span<const float> base() const { return base_; }

  // The token's score after the stage; -infinity when it is gone.
  float score(std::size_t stage, Token token) const { return scores_[stage][static_cast<std::size_t>(token)]; }

 private:
  friend class Chain;
  void start(Scores& scores);
  void record(const std::shared_ptr<const std::string>& name, Scores& scores);
  void note_base() { base_ = after_; }

  std::vector<Stage> stages_;
  std::vector<int> remover_;           // per token an index into stages_, -1 for none
  std::vector<float> before_, after_;  // scores around the current stage
  std::vector<float> base_;
  bool keep_scores_;
  std::vector<std::vector<float>> scores_;  // per stage
  int kept_ = 0;                            // tokens left before it
};

// Thrown when the processors remove every token.
class NothingLeft : public Error {
 public:
  using Error::Error;
};

// Copies share the processors.
class Chain {
 public:
  // The states of the processors that have one, at one node; null for the others.
  using States = std::vector<StatePtr>;

  // Throws Error(usage) for options that cannot be carried out.
  Chain(const GenerationConfig& config, bool sampling, const ChainSetup& setup = {});

  bool empty() const { return recipe_.processors.empty(); }
  bool has_state() const { return has_state_; }

  // Whether what the chain leaves is never above 0. `log_p`: it is given log-probabilities.
  bool stays_below_zero(bool log_p) const { return recipe_.normalizes || (log_p && !recipe_.raises); }

  // `states`: those of the node; left out, the processors start from their beginning. (context.state is set here.)
  // Throws NothingLeft (usage), naming the processor, when no token is left.
  void operator()(Scores& scores, Context context, const States* states = nullptr) const;

  // The same, and fills the trace (whose memory is reused). Looks at the whole vocabulary after every processor.
  void traced(Scores& scores, Context context, ChainTrace& trace, const States* states = nullptr) const;

  // The grammar that the text has to follow, at this node; null: none. Valid as long as chain and states.
  const Grammar* grammar(const States* states = nullptr) const;

  // What the processors with a state have to know of the scores that the chain just left, should `token` be chosen from
  // them; and the states behind `token`. The first is for now, the second for whenever the choice has been made.
  std::vector<double> observe(Scores& scores, Token token) const;
  std::shared_ptr<const States> next(const States* states, Token token, std::span<const double> observed) const;

 private:
  void apply(std::size_t index, Scores& scores, Context& context, const States* states) const;

  Recipe recipe_;
  std::vector<std::shared_ptr<const std::string>> names_;  // of the processors, for traces
  States start_;
  bool has_state_ = false;
};

}  // namespace decant
