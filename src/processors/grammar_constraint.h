// A grammar: tokens with which the text would leave it are removed; the end is possible where the grammar may end.
//
// Source: llama.cpp's grammars. Equals libllama's llama_sampler_init_grammar on all candidates, but for what
// grammar/grammar_automaton.h says; and its place is that of a constraint in Hugging Face's order, before temperature
// and truncations, where llama.cpp samples first and corrects afterwards.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "model/grammar.h"
#include "model/vocab.h"
#include "processors/processor.h"

namespace decant {

// Bytes that token healing took from the prompt are no part of the text: it begins behind them.
class GrammarConstraint final : public Processor {
 public:
  // `name`: of the option that asks for it, grammar or json_schema. `start`: the beginning of the text. With `healed`
  // bytes before it, `vocab` has to outlive this.
  GrammarConstraint(std::string_view name, std::shared_ptr<const Grammar> start, std::string healed = {},
                    const Vocab* vocab = nullptr);

  std::string_view name() const override { return name_; }
  void operator()(Scores& scores, const Context& context) const override;
  StatePtr start() const override;
  const Grammar* grammar(const ProcessorState& state) const override;  // none within the healed bytes
  StatePtr next(const ProcessorState& state, Token token, double observed) const override;

 private:
  using Point = std::shared_ptr<const Grammar>;
  Point behind(std::string_view bytes) const;
  bool may_begin_with(Token token, std::string_view rest) const;

  std::string_view name_;
  Point start_;
  std::string healed_;
  const Vocab* vocab_;
  std::unordered_map<std::string_view, Token> tokens_;  // by their bytes, where something is healed
  std::size_t longest_ = 0;                             // of these
};

}  // namespace decant
