// Tested by tests/strategies/dola_test.cpp.
#include "strategies/dola_trace.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "numerics/top_k.h"

namespace decant {
namespace {

constexpr int kTop = 5, kContenders = 10;
constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

}  // namespace

DolaTrace::Layer DolaTrace::look(int number, std::span<const float> logits, double log_sum, double divergence,
                                 Token chosen) {
  Layer layer{number, divergence, std::exp(logits[static_cast<std::size_t>(chosen)] - log_sum), {}};
  std::vector<Candidate> found;
  top_k(logits, kTop, found);
  for (const Candidate& each : found) layer.top.push_back({each.id, std::exp(each.score - log_sum)});
  return layer;
}

DolaTrace::DolaTrace(const Step& step, Token chosen)
    : premature_(step.layers[step.premature]), final_(look(0, step.row.logits, step.log_sum, unknown, chosen)) {
  for (std::size_t j = 0; j < step.layers.size(); ++j) {
    const double divergence = step.divergences.empty() ? unknown : step.divergences[j];
    layers_.push_back(look(step.layers[j], step.row.layers[j], step.sums[j].value, divergence, chosen));
  }
  const std::span<const float> early = step.row.layers[step.premature];
  std::vector<Candidate> found;
  top_k(step.row.logits, kContenders, found);
  const auto is_chosen = [&](const Candidate& each) { return each.id == chosen; };
  if (std::none_of(found.begin(), found.end(), is_chosen))
    found.push_back({chosen, step.row.logits[static_cast<std::size_t>(chosen)]});
  for (const Candidate& each : found) {
    const auto v = static_cast<std::size_t>(each.id);
    contenders_.push_back(
        {each.id, each.score - step.log_sum, early[v] - step.sums[step.premature].value, step.scores[v]});
  }
}

void DolaTrace::write_layer(JsonWriter& json, const Layer& layer, const Vocab& vocab) {
  json.field("p", layer.p).key("top").begin_array();
  for (const Likely& each : layer.top) {
    json.begin_object();
    write_token(json, each.token, vocab);
    json.field("p", each.p).end_object();
  }
  json.end_array().end_object();
}

void DolaTrace::write(JsonWriter& json, const Vocab& vocab) const {
  json.key("dola").begin_object().field("chosen", premature_);
  json.key("layers").begin_array();
  for (const Layer& layer : layers_) {
    json.begin_object().field("layer", layer.number).field("divergence", layer.divergence);
    write_layer(json, layer, vocab);
  }
  json.end_array().key("final").begin_object();
  write_layer(json, final_, vocab);
  json.key("candidates").begin_array();
  for (const Contender& each : contenders_) {
    json.begin_object();
    write_token(json, each.token, vocab);
    json.field("final", each.final).field("premature", each.premature).field("score", each.score).end_object();
  }
  json.end_array().end_object();
}

}  // namespace decant
