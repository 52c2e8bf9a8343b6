#include "processors/watermark.h"

namespace decant {

Watermark::Watermark(const WatermarkConfig& config, int n_vocab) : config_(config), green_list_(config, n_vocab) {}

void Watermark::operator()(Scores& scores, const Context& context) const {
  if (std::ssize(context.tokens) < config_.context_width) return;
  const auto bias = static_cast<float>(config_.bias);
  scores.edit(green(scores, context.tokens), [bias](float score) { return score + bias; });
}

std::vector<Token> Watermark::green(Scores& scores, std::span<const Token> text) const {
  if (!config_.selfhash) return green_list_.behind(text);
  constexpr int n_candidates = 40;
  std::vector<Token> found;
  for (const Candidate& candidate : scores.top(n_candidates)) {
    if (green_list_.contains(text, candidate.id)) found.push_back(candidate.id);
  }
  return found;
}

}  // namespace decant
