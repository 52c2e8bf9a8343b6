#include "processors/grammar_constraint.h"

namespace decant {
namespace {

struct GrammarState final : ProcessorState {
  explicit GrammarState(std::shared_ptr<const Grammar> grammar) : point(std::move(grammar)) {}
  std::shared_ptr<const Grammar> point;
};

const Grammar& point_of(const ProcessorState& state) { return *static_cast<const GrammarState&>(state).point; }

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
