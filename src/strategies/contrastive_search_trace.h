#pragma once

#include "run/trace.h"

namespace decant {

// The candidates of a step of contrastive search, with both terms of their scores.
class ContrastiveSearchTrace : public StrategyTrace {
 public:
  explicit ContrastiveSearchTrace(double alpha) : alpha_(alpha) {}

  // cosines: with the hidden state of each token before, by position.
  void add(Token token, double p, double score, std::span<const float> cosines);

  void write(JsonWriter& json, const Vocab& vocab) const override;

 private:
  struct Near {
    int position;
    float cosine;
  };
  struct Contender {
    Token token;
    double p, score;
    std::vector<Near> nearest;  // the most similar first
  };

  double alpha_;
  std::vector<Contender> contenders_;
};

}  // namespace decant
