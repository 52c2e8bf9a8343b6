#include "processors/chain.h"

namespace decant {
namespace {

// Leaves in `before` what is gone after it, and notes the stage for that.
void mark_removed(std::span<float> before, std::span<const float> after, std::span<int> remover, int stage) {
  constexpr float removed = -std::numeric_limits<float>::infinity();
  for (std::size_t id = 0; id < before.size(); ++id) {
    if (after[id] > removed) before[id] = removed;
    if (before[id] > removed) remover[id] = stage;
  }
}

}  // namespace

Chain::Chain(const GenerationConfig& config, bool sampling, const ChainSetup& setup)
    : recipe_(make_recipe(config, sampling, setup)) {
  for (const auto& processor : recipe_.processors) {
    names_.push_back(std::make_shared<const std::string>(processor->name()));
    start_.push_back(processor->start());
    has_state_ = has_state_ || start_.back();
  }
}

void Chain::apply(std::size_t index, Scores& scores, Context& context, const States* states) const {
  const Processor& processor = *recipe_.processors[index];
  context.state = (states ? *states : start_)[index].get();
  processor(scores, context);
  if (scores.max() == -std::numeric_limits<float>::infinity()) {
    throw NothingLeft(ErrorKind::usage,
                      "{} left no token to choose from at position {} (new token {}): loosen it, or drop it",
                      processor.name(), context.tokens.size(), context.n_new() + 1);
  }
}

void Chain::operator()(Scores& scores, Context context, const States* states) const {
  for (std::size_t i = 0; i < recipe_.processors.size(); ++i) apply(i, scores, context, states);
}

void Chain::traced(Scores& scores, Context context, ChainTrace& trace, const States* states) const {
  trace.start(scores);
  for (std::size_t i = 0; i < recipe_.processors.size(); ++i) {
    apply(i, scores, context, states);
    trace.record(names_[i], scores);
    if (i + 1 == recipe_.n_edits) trace.note_base();
  }
}

const Grammar* Chain::grammar(const States* states) const {
  if (!states) states = &start_;
  for (std::size_t i = 0; i < start_.size(); ++i) {
    const ProcessorState* state = (*states)[i].get();
    const Grammar* grammar = state ? recipe_.processors[i]->grammar(*state) : nullptr;
    if (grammar) return grammar;
  }
  return nullptr;
}

std::vector<double> Chain::observe(Scores& scores, Token token) const {
  std::vector<double> observed;
  if (!has_state_) return observed;
  for (std::size_t i = 0; i < start_.size(); ++i) {
    observed.push_back(start_[i] ? recipe_.processors[i]->observe(scores, token) : 0);
  }
  return observed;
}

std::shared_ptr<const Chain::States> Chain::next(const States* states, Token token,
                                                 std::span<const double> observed) const {
  if (!has_state_) return nullptr;
  if (!states) states = &start_;
  auto result = std::make_shared<States>(recipe_.processors.size());
  for (std::size_t i = 0; i < recipe_.processors.size(); ++i) {
    const ProcessorState* state = (*states)[i].get();
    if (state) (*result)[i] = recipe_.processors[i]->next(*state, token, observed[i]);
  }
  return result;
}

void ChainTrace::start(Scores& scores) {
  stages_.clear();
  remover_.assign(scores.n_vocab(), -1);
  after_.resize(scores.n_vocab());
  scores.copy_to(after_);
  kept_ = scores.kept();
  note_base();
  scores_.clear();
}

void ChainTrace::record(const std::shared_ptr<const std::string>& name, Scores& scores) {
  Stage stage{*name, scores.kept(), 0, name};
  before_.swap(after_);
  after_.resize(before_.size());
  scores.copy_to(after_);
  if (stage.kept < kept_) {
    const double log_total = log_sum_exp(before_).value;
    mark_removed(before_, after_, remover_, static_cast<int>(stages_.size()));
    stage.removed_mass = std::exp(log_sum_exp(before_).value - log_total);
  }
  kept_ = stage.kept;
  stages_.push_back(stage);
  if (keep_scores_) scores_.push_back(after_);
}

std::string_view ChainTrace::removed_by(Token token) const {
  const int index = remover_[token];
  return index < 0 ? std::string_view() : stages_[index].name;
}

}  // namespace decant
