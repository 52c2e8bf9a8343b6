#include "processors/grammar_constraint.h"

#include "processors/row.h"
#include "schema/json_schema.h"

namespace decant {
namespace {

struct GrammarState final : ProcessorState {
  explicit GrammarState(std::shared_ptr<const Grammar> grammar) : point(std::move(grammar)) {}
  std::shared_ptr<const Grammar> point;
};

const Grammar& point_of(const ProcessorState& state) { return *static_cast<const GrammarState&>(state).point; }

const Registered<ProcessorRow> grammar_row({
    .option = "grammar",
    .part = ChainPart::edit,
    .place = 1700,
    .is_on = [](const auto& c, const auto&) { return !c.grammar.empty(); },
    .make =
        [](const auto& c, const auto& setup) {
          return made<GrammarConstraint>("grammar", setup.needed_vocab().grammar(c.grammar, setup.eos));
        },
});

const Registered<ProcessorRow> schema_row({
    .option = "json_schema",
    .part = ChainPart::edit,
    .place = 1800,
    .is_on = [](const auto& c, const auto&) { return !c.json_schema.empty(); },
    .make =
        [](const auto& c, const auto& setup) {
          const Vocab& vocab = setup.needed_vocab();
          return made<GrammarConstraint>("json_schema", vocab.grammar(json_schema_to_gbnf(c.json_schema), setup.eos));
        },
});

}  // namespace

GrammarConstraint::GrammarConstraint(std::string_view name, std::shared_ptr<const Grammar> start)
    : name_(name), start_(std::move(start)) {}

void GrammarConstraint::operator()(Scores& scores, const Context& context) const {
  const std::vector<bool>& allowed = (context.state ? point_of(*context.state) : *start_).allowed();
  scores.keep_if([&allowed](Token token, float) { return allowed[token]; });
}

StatePtr GrammarConstraint::start() const { return std::make_shared<GrammarState>(start_); }

StatePtr GrammarConstraint::next(const ProcessorState& state, Token token, double) const {
  return std::make_shared<GrammarState>(point_of(state).after(token));
}

}  // namespace decant
