#include "processors/chain.h"

#include "processors/min_p.h"
#include "processors/repetition_penalty.h"
#include "processors/temperature.h"
#include "processors/top_k.h"
#include "processors/top_p.h"

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

Chain::Chain(const GenerationConfig& config, bool sampling) {
  const auto add = [this]<class P>(std::unique_ptr<P> processor) { processors_.push_back(std::move(processor)); };
  if (config.repetition_penalty != 1) add(std::make_unique<RepetitionPenalty>(config.repetition_penalty));
  if (!sampling) return;
  if (config.temperature != 1) add(std::make_unique<Temperature>(config.temperature));
  if (config.top_k != 0) add(std::make_unique<TopK>(config.top_k));
  if (config.top_p != 1) add(std::make_unique<TopP>(config.top_p));
  if (config.min_p != 0) add(std::make_unique<MinP>(config.min_p));
}

void Chain::operator()(Scores& scores, std::span<const Token> tokens) const {
  for (const auto& processor : processors_) (*processor)(scores, tokens);
}

void Chain::traced(Scores& scores, std::span<const Token> tokens, ChainTrace& trace) const {
  trace.start(scores);
  for (const auto& processor : processors_) {
    (*processor)(scores, tokens);
    trace.record(*processor, scores);
  }
}

void ChainTrace::start(Scores& scores) {
  stages_.clear();
  remover_.assign(scores.n_vocab(), -1);
  after_.resize(scores.n_vocab());
  scores.copy_to(after_);
  kept_ = scores.kept();
}

void ChainTrace::record(const Processor& processor, Scores& scores) {
  Stage stage{processor.name(), scores.kept(), 0};
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
}

std::string_view ChainTrace::removed_by(Token token) const {
  const int index = remover_[token];
  return index < 0 ? std::string_view() : stages_[index].name;
}

}  // namespace decant
