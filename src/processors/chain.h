// The processors of one generation, in Hugging Face's order: penalties; then, when sampling, temperature and the
// truncations. Options at the value that does nothing have no processor.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "options/generation_config.h"
#include "processors/processor.h"

namespace decant {

// What each processor of a chain did to one distribution.
class ChainTrace {
 public:
  struct Stage {
    std::string_view name;    // of the processor
    int kept = 0;             // tokens left after it
    double removed_mass = 0;  // of the probability before it
  };

  const std::vector<Stage>& stages() const { return stages_; }

  // The processor that removed the token; empty if none did.
  std::string_view removed_by(Token token) const;

 private:
  friend class Chain;
  void start(Scores& scores);
  void record(const Processor& processor, Scores& scores);

  std::vector<Stage> stages_;
  std::vector<int> remover_;  // per token an index into stages_, -1 for none
  std::vector<float> before_, after_;  // scores around the current stage
  int kept_ = 0;                       // tokens left before it
};

class Chain {
 public:
  Chain(const GenerationConfig& config, bool sampling);

  bool empty() const { return processors_.empty(); }

  // `tokens`: everything so far, the prompt included.
  void operator()(Scores& scores, std::span<const Token> tokens) const;

  // The same, and fills the trace (whose memory is reused). Looks at the whole vocabulary after every processor.
  void traced(Scores& scores, std::span<const Token> tokens, ChainTrace& trace) const;

 private:
  std::vector<std::unique_ptr<const Processor>> processors_;
};

}  // namespace decant
