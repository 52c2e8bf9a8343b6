#pragma once

#include "options/generation_config.h"
#include "run/run.h"

namespace decant {

// The two distributions of a step of contrastive decoding.
struct ExpertAndAmateur {
  std::span<const float> expert, amateur;  // logits
  LogSum expert_sum;
  LogSum amateur_sum;  // of the logits divided by tau_amateur

  double log_p_expert(Token token) const { return expert[static_cast<std::size_t>(token)] - expert_sum.value; }
  double log_p_amateur(const GenerationConfig& config, Token token) const {
    return amateur[static_cast<std::size_t>(token)] / config.tau_amateur - amateur_sum.value;
  }

  // The score of a token, were every token plausible. With beta it is one of logits, which have no zero in common from
  // step to step; beams, that add scores up, have log-probabilities in their place: the same but for a constant a step.
  double contrast(const GenerationConfig& config, Token token) const {
    const auto v = static_cast<std::size_t>(token);
    if (!config.beta) return log_p_expert(token) - config.lambda * log_p_amateur(config, token);
    if (config.num_beams > 1)
      return (1 + *config.beta) * log_p_expert(token) - *config.beta * log_p_amateur(config, token);
    return (1 + *config.beta) * expert[v] - *config.beta * amateur[v] / config.tau_amateur;
  }
};

// What both say of the likeliest tokens, and what the mask keeps from winning.
class ContrastiveDecodingTrace : public StrategyTrace {
 public:
  // n_plausible: tokens that pass alpha; scores: of all tokens, -infinity for those that are masked.
  ContrastiveDecodingTrace(const GenerationConfig& config, const ExpertAndAmateur& pair, int n_plausible,
                           std::span<const float> scores, Token chosen);

  bool lists(Token token) const;

  void write(JsonWriter& json, const Vocab& vocab) const override;

 private:
  struct Contender {
    Token token;
    double expert, amateur;  // log-probabilities
    double contrast;
    float score;
    bool plausible;
  };
  void add(Token token, const GenerationConfig& config, const ExpertAndAmateur& pair, std::span<const float> scores);
  void add_best_contrasts(const GenerationConfig& config, const ExpertAndAmateur& pair, std::span<const float> scores);

  double lambda_, alpha_, tau_;
  std::optional<double> beta_;
  std::string amateur_;
  int n_plausible_;
  double threshold_;  // of the expert's probability
  std::vector<Contender> contenders_;
};

}  // namespace decant
