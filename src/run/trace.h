// The trace: one Decision for every token chosen, from every strategy, in every front end.
//
// Decisions are made only for a Run whose observer wants them. In JSON Lines each is one object; `schema` counts up
// when a field changes its meaning. Probabilities are in [0, 1], logits and scores as the model and the processors left
// them (natural logarithms), entropy in bits.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/json_writer.h"
#include "model/vocab.h"
#include "numerics/quadrature.h"
#include "processors/chain.h"

namespace decant {

inline constexpr int kTraceSchema = 3;

// What a strategy has to say of a decision beyond the distributions: a field of the record, named after the strategy.
class StrategyTrace {
 public:
  virtual ~StrategyTrace() = default;
  virtual void write(JsonWriter& json, const Vocab& vocab) const = 0;  // name and value
};

struct TraceCandidate {
  Token id = 0;
  float logit = 0;          // as the model gave it
  float base = 0;           // before temperature and the truncations; -infinity: removed by then
  float score = 0;          // after the processors; -infinity: removed
  double p = 0;             // after the processors; 0: removed
  std::string_view cut_by;  // the processor that removed it, or empty
};

// A token in the race that chose one: the largest sum of score and noise won.
struct Entrant {
  Token id = 0;
  double score = 0;  // ln p, after the processors
  double noise = 0;
  double sum() const { return score + noise; }
};

// The first of a race over these scores, as it is shown: the winner and up to four runners-up.
inline constexpr int kShownEntrants = 5;
std::vector<Entrant> entrants(std::span<const Racer> racers, Scores& scores);

struct Decision {
  int sequence = 0;
  int position = 0;  // of the chosen token in its sequence, the prompt counted
  Token token = 0;
  double logit = 0;           // of the chosen token
  double p_raw = 0;           // its probability under the model
  double p = 0;               // its probability after the processors
  int rank = 0;               // among the tokens by falling p: 1 is the likeliest
  std::vector<Entrant> race;  // that chose it, the winner first; empty: nothing was drawn
  double logsumexp = 0;       // of all logits: p_raw = exp(logit - logsumexp)
  double base_logsumexp = 0;  // of all base scores
  double tail_mass = 0;       // the model's probability of everything that is not in `top`
  double entropy = 0;         // after the processors
  double entropy_raw = 0;     // of the model's distribution
  int kept = 0;               // tokens with p > 0
  std::string_view finish;    // why the sequence ended with this token, or empty
  std::vector<ChainTrace::Stage> stages;
  std::vector<TraceCandidate> top;  // by falling p, the removed ones behind by falling logit
  std::vector<WeightedPoint> tail;  // the base scores of all others, as a few points with the same sums of exponentials
  double seconds = 0;               // since the Run began
  std::vector<std::vector<float>> stage_scores;   // of `top` after each stage, if the chain's trace kept them
  std::shared_ptr<const StrategyTrace> strategy;  // or null
};

// Memory that describing one decision after another needs.
struct TraceScratch {
  std::vector<float> others;
  GaussRule rule;
};

// The distributions before and after the processors; `n_top` candidates are listed. The rest is the caller's to fill
// in.
void describe(Decision& decision, std::span<const float> logits, double logsumexp, Scores& scores,
              const ChainTrace& chain, int n_top, TraceScratch& scratch);

// What the same distributions say about one token.
struct TokenView {
  double logit = 0, p = 0;
  int rank = 0;
};
TokenView view_of(Token token, const Decision& described, std::span<const float> logits, Scores& scores);

// Makes it the decision for that token. (`logsumexp` is set.)
void decide(Decision& decision, Token token, const TokenView& view);

// id, bytes, text and piece of a token, into an object that the caller has begun.
void write_token(JsonWriter& json, Token id, const Vocab& vocab);

// Its race, or null: a value.
void write_race(JsonWriter& json, const Decision& decision, const Vocab& vocab);

// The decision's fields, into an object that the caller has begun.
void write_fields(JsonWriter& json, const Decision& decision, const Vocab& vocab);

}  // namespace decant
