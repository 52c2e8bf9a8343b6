// DoLa (Chuang et al. 2024, "DoLa: Decoding by Contrasting Layers Improves Factuality in Large Language Models"): of
// some early layers, the one whose distribution is farthest from the last layer's is subtracted from it,
//
//   score(v) = log p(v) - log p_early(v),  for v with p(v) >= relative_top max p;  the others cannot be chosen
//
// where an early layer's distribution is the output head applied to its hidden state, without the final norm.
//
// Tested by tests/strategies/dola_test.cpp and, against golden files, tests/llama/contrast_test.cpp.
// Equals Hugging Face's generate(dola_layers=...) of transformers 4.55 for a batch of one: layers as in dola_layers.h,
// the divergence with its arguments as there, the first of equals, processors after the contrast. Deviations: the layer
// is chosen for each sequence by itself (Hugging Face averages over the batch); a listed layer that does not exist is
// an error; sampled tokens come from another generator.
#include <cmath>

#include "base/error.h"
#include "model/inner_layers.h"
#include "model/not_finite.h"
#include "numerics/divergence.h"
#include "strategies/dola_layers.h"
#include "strategies/dola_trace.h"
#include "strategies/resolve.h"
#include "strategies/scoring.h"
#include "strategies/speculative.h"

namespace decant {
namespace {

LogSum checked_sum(const ModelInfo& model, std::span<const float> logits, int layer) {
  const LogSum sum = log_sum_exp(logits);
  if (!sum.valid)
    throw not_finite(model,
                     fmt::format("the model returned a logit of layer {} that is not a number or infinite", layer));
  return sum;
}

class Dola : public Scoring {
 public:
  explicit Dola(const Run& run)
      : layers_(dola_layers(run.config().dola_layers, run.model_info().n_layer, run.model_info().tied_embeddings)),
        log_relative_top_(std::log(run.config().relative_top)),
        model_(run.model_info()) {}

  std::vector<Ask> asks(const std::vector<Node>& tips) override {
    return {{.nodes = tips, .outputs = {.logits = true, .hidden = false, .layers = layers_}}};
  }

  Feed feed(Rows rows, std::size_t i, std::size_t) override {
    row_ = rows[i];
    final_ = checked_sum(model_, row_.logits, static_cast<int>(layers_.size()));
    choose_layer();
    const std::span<const float> early = row_.layers[chosen_];
    const double early_sum = sums_[chosen_].value;
    const double threshold = final_.max - final_.value + log_relative_top_;
    scores_.resize(early.size());
    for (std::size_t v = 0; v < early.size(); ++v) {
      const double log_p = row_.logits[v] - final_.value;
      scores_[v] = log_p < threshold ? -INFINITY : static_cast<float>(log_p - (early[v] - early_sum));
    }
    return {.scores = scores_};
  }

  std::shared_ptr<const StrategyTrace> explain(const Step&, Token chosen) override {
    return std::make_shared<DolaTrace>(
        DolaTrace::Step{row_, final_.value, layers_, sums_, divergences_, chosen_, scores_}, chosen);
  }

 private:
  // The farthest from the last layer, the first of equals.
  void choose_layer() {
    sums_.clear();
    divergences_.clear();
    chosen_ = 0;
    for (std::size_t j = 0; j < layers_.size(); ++j) {
      sums_.push_back(checked_sum(model_, row_.layers[j], layers_[j]));
      if (layers_.size() == 1) return;
      divergences_.push_back(divergence_from_mean(row_.logits, final_.value, row_.layers[j], sums_[j].value));
      if (divergences_[j] > divergences_[chosen_]) chosen_ = j;
    }
  }

  std::vector<int> layers_;
  double log_relative_top_;
  const ModelInfo& model_;
  EvalRow row_;                      // of the text being looked at
  LogSum final_;                     // of its logits
  std::vector<LogSum> sums_;         // of its layers
  std::vector<double> divergences_;  // of its layers from the last one, if there is a choice
  std::size_t chosen_ = 0;
  std::vector<float> scores_;
};

Task<void> dola(Run& run) {
  Dola scoring(run);
  const bool drawn = run.draws();
  co_await write_texts(run, scoring, drawn);
}

const Registered<StrategyRow> dola_row(
    {.name = "dola",
     .order = 9,
     .run = dola,
     .doc = "what the last layer finds likely and an early one does not",
     .implied_by = "dola_layers",
     .precedence = 2,
     .reads = with_speculation({"num_return_sequences", "dola_layers", "relative_top", sampling_group}),
     .needs = {{"dola_layers", "dola_layers: low or high"}},
     .check = [](const auto& config) { check_speculation(config, asks_to_sample(config)); },
     .check_model = check_inner_layers,
     .draws = asks_to_sample});

}  // namespace
}  // namespace decant
