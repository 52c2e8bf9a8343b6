// A grammar: tokens with which the text would leave it are removed; the end is possible where the grammar may end.
//
// Source: llama.cpp's grammars. Equals libllama's llama_sampler_init_grammar on all candidates, but for what
// grammar/grammar_automaton.h says; and its place is that of a constraint in Hugging Face's order, before temperature
// and truncations, where llama.cpp samples first and corrects afterwards.
#pragma once

#include <memory>

#include "model/grammar.h"
#include "processors/processor.h"

namespace decant {

class GrammarConstraint final : public Processor {
 public:
  // `name`: of the option that asks for it, grammar or json_schema. `start`: the beginning of the text.
  GrammarConstraint(std::string_view name, std::shared_ptr<const Grammar> start);

  std::string_view name() const override { return name_; }
  void operator()(Scores& scores, const Context& context) const override;
  StatePtr start() const override;
  StatePtr next(const ProcessorState& state, Token token, double observed) const override;

 private:
  std::string_view name_;
  std::shared_ptr<const Grammar> start_;
};

}  // namespace decant
