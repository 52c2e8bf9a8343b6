// Tested by tests/strategies/contrastive_decoding_test.cpp.
#include "strategies/contrastive_decoding_trace.h"

#include <algorithm>
#include <cmath>

#include "numerics/top_k.h"

namespace decant {
namespace {

constexpr int kBestContrasts = 5;

}  // namespace

ContrastiveDecodingTrace::ContrastiveDecodingTrace(const GenerationConfig& config, const ExpertAndAmateur& pair,
                                                   int n_plausible, std::span<const float> scores, Token chosen)
    : lambda_(config.lambda),
      alpha_(config.alpha),
      tau_(config.tau_amateur),
      beta_(config.beta),
      amateur_(config.amateur),
      n_plausible_(n_plausible),
      threshold_(config.alpha * std::exp(pair.expert_sum.max - pair.expert_sum.value)) {
  std::vector<Candidate> likeliest;
  top_k(pair.expert, config.trace_top, likeliest);
  for (const Candidate& each : likeliest) add(each.id, config, pair, scores);
  if (!lists(chosen)) add(chosen, config, pair, scores);
  add_best_contrasts(config, pair, scores);
}

bool ContrastiveDecodingTrace::lists(Token token) const {
  return std::any_of(contenders_.begin(), contenders_.end(),
                     [&](const Contender& each) { return each.token == token; });
}

void ContrastiveDecodingTrace::add(Token token, const GenerationConfig& config, const ExpertAndAmateur& pair,
                                   std::span<const float> scores) {
  const auto v = static_cast<std::size_t>(token);
  const float threshold = pair.expert_sum.max + static_cast<float>(std::log(config.alpha));
  contenders_.push_back({token, pair.log_p_expert(token), pair.log_p_amateur(config, token),
                         pair.contrast(config, token), scores[v], pair.expert[v] >= threshold});
}

void ContrastiveDecodingTrace::add_best_contrasts(const GenerationConfig& config, const ExpertAndAmateur& pair,
                                                  std::span<const float> scores) {
  std::vector<float> contrasts(pair.expert.size());
  for (std::size_t v = 0; v < contrasts.size(); ++v)
    contrasts[v] = static_cast<float>(pair.contrast(config, static_cast<Token>(v)));
  for (const Contender& each : contenders_) contrasts[static_cast<std::size_t>(each.token)] = -INFINITY;
  std::vector<Candidate> best;
  top_k(contrasts, kBestContrasts, best);
  for (const Candidate& each : best) add(each.id, config, pair, scores);
}

void ContrastiveDecodingTrace::write(JsonWriter& json, const Vocab& vocab) const {
  json.key("contrastive_decoding").begin_object();
  json.field("form", beta_ ? "logits" : "log_p");
  beta_ ? json.field("beta", *beta_) : json.field("lambda", lambda_);
  json.field("alpha", alpha_).field("tau_amateur", tau_).field("amateur", std::string_view(amateur_));
  json.field("plausible", n_plausible_).field("threshold", threshold_);
  json.key("candidates").begin_array();
  for (const Contender& each : contenders_) {
    json.begin_object();
    write_token(json, each.token, vocab);
    json.field("expert", each.expert).field("amateur", each.amateur).field("contrast", each.contrast);
    json.field("score", each.score);
    json.field("fate", each.score > -INFINITY ? "plausible" : each.plausible ? "top_k" : "implausible");
    json.end_object();
  }
  json.end_array().end_object();
}

}  // namespace decant
