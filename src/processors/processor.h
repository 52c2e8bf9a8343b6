// A logits processor: a function on the scores of the next token, given the text before it.
//
// Parameters are checked by the constructor, which throws Error(usage) for one that cannot be carried out.
//
// A processor is shared by every branch of a Run, and may be by Runs, and keeps nothing from step to step. What some
// must remember (mirostat its target, a grammar how far the text has got) is a ProcessorState: immutable, made by
// start() for the prompt and by next() for each token, and held by the node that it belongs to. Branching and going
// back are copies of a pointer.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "base/token.h"
#include "model/grammar.h"
#include "processors/scores.h"

namespace decant {

class ProcessorState {
 public:
  virtual ~ProcessorState() = default;
};
using StatePtr = std::shared_ptr<const ProcessorState>;

// What a processor may look at besides the scores.
struct Context {
  std::span<const Token> tokens = {};         // everything so far, the prompt included
  int n_prompt = 0;                           // how many of them are the prompt
  std::span<const float> unconditional = {};  // the model's logits after the negative prompt; empty without guidance
  std::span<const Token> taken = {};          // what earlier groups of beams have chosen at this step
  double u = 0;                               // in [0, 1): the processors' own random number of this step
  const ProcessorState* state = nullptr;      // of this processor at this node; null if it has none

  std::span<const Token> prompt() const { return tokens.first(static_cast<std::size_t>(n_prompt)); }
  int n_new() const { return static_cast<int>(tokens.size()) - n_prompt; }
};

class Processor {
 public:
  virtual ~Processor() = default;

  virtual std::string_view name() const = 0;  // of the option that asks for it; valid as long as the processor

  virtual void operator()(Scores& scores, const Context& context) const = 0;

  // The state after the prompt; null for a processor that has none, and then the other two are never called.
  virtual StatePtr start() const { return nullptr; }

  // What next() has to know of the distribution that `token` is chosen from: asked right after the chain has run. Of
  // the distribution that the processor met it finds what it has marked there (Scores::mark).
  virtual double observe(Scores& /*final_scores*/, Token /*token*/) const { return 0; }

  // The grammar that the text has to follow, at this point of it; null: none, or not at this point. Valid as long as
  // the state.
  virtual const Grammar* grammar(const ProcessorState& /*state*/) const { return nullptr; }

  // The state behind `token`.
  virtual StatePtr next(const ProcessorState& /*state*/, Token /*token*/, double /*observed*/) const { return nullptr; }
};

}  // namespace decant
