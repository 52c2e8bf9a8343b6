// Contrastive decoding (Li et al. 2023, "Contrastive Decoding: Open-ended Text Generation as Optimization"): what an
// expert finds likely and an amateur does not. Of the plausible tokens, those with p_E(v) >= alpha max p_E,
//
//   score(v) = log p_E(v) - lambda log p_A(v),     or with beta set (O'Brien and Lewis 2023)
//   score(v) = (1 + beta) e(v) - beta a(v)         on the logits e and a, with beams on log-probabilities;
//
// tau_amateur divides the amateur's logits first. top_k keeps only so many of the plausible tokens, the expert's
// likeliest.
//
// Tested by tests/strategies/contrastive_decoding_test.cpp and, against golden files of a float64 reference,
// tests/llama/contrast_test.cpp. Processors run on the scores. With beams, what adds up is the score itself, as
// in the paper: beams are otherwise those of beam.cpp. Of equal scores the expert's likelier token is the best:
// identical models fall back to the expert. The amateur's cache is its own; with amateur_context it reads only so many
// of the last tokens, as a text of their own.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "model/not_finite.h"
#include "numerics/top_k.h"
#include "options/table.h"
#include "strategies/beam.h"
#include "strategies/contrastive_decoding_trace.h"
#include "strategies/resolve.h"
#include "strategies/scoring.h"
#include "strategies/search.h"
#include "strategies/speculative.h"

namespace decant {
namespace {

constexpr float masked = -std::numeric_limits<float>::infinity();

class ContrastiveDecoding : public Scoring {
 public:
  explicit ContrastiveDecoding(const Run& run) : run_(run), config_(run.config()) {}

  std::vector<Ask> asks(const std::vector<Node>& tips) override {
    std::vector<Node> seen = tips;  // by the amateur
    if (const int n = config_.amateur_context) {
      for (Node& tip : seen) {
        if (tip.length() <= n) continue;
        tip.path(text_);
        tip = run_.text(std::span<const Token>(text_).last(static_cast<std::size_t>(n)));
      }
    }
    return {{.nodes = tips}, {.nodes = std::move(seen), .model = 1}};
  }

  Feed feed(Rows rows, std::size_t i, std::size_t n) override {
    pair_.expert = rows[i].logits;
    pair_.amateur = rows[n + i].logits;
    pair_.expert_sum = log_sum_exp(pair_.expert);
    pair_.amateur_sum = sum_of_amateur();
    explained_.reset();
    select_at_least(pair_.expert, pair_.expert_sum.max + static_cast<float>(std::log(config_.alpha)), plausible_);
    n_plausible_ = static_cast<int>(plausible_.size());
    if (const auto k = static_cast<std::size_t>(config_.top_k); k > 0 && k < plausible_.size()) {
      std::nth_element(plausible_.begin(), plausible_.begin() + config_.top_k, plausible_.end(), ranks_before);
      plausible_.resize(k);
    }
    scores_.assign(pair_.expert.size(), masked);
    for (const Candidate& each : plausible_)
      scores_[static_cast<std::size_t>(each.id)] = static_cast<float>(pair_.contrast(config_, each.id));
    return {.scores = scores_};
  }

  // Of equal scores, and identical models make all of them equal, the expert's likelier tokens come first.
  std::vector<Candidate> best(const Step& step, int n) override {
    std::vector<Candidate> kept;
    step.scores.for_each([&](Token id, float score) { kept.push_back({id, score}); });
    const auto better = [&](const Candidate& a, const Candidate& b) {
      const float expert_a = step.logits[static_cast<std::size_t>(a.id)];
      const float expert_b = step.logits[static_cast<std::size_t>(b.id)];
      return a.score != b.score ? a.score > b.score : expert_a != expert_b ? expert_a > expert_b : a.id < b.id;
    };
    const auto end = kept.begin() + std::min(std::ssize(kept), static_cast<std::ptrdiff_t>(n));
    std::partial_sort(kept.begin(), end, kept.end(), better);
    kept.erase(end, kept.end());
    return kept;
  }
  Token best(const Step& step) override { return best(step, 1).front().id; }

  bool adds_log_p() const override { return false; }

  std::shared_ptr<const StrategyTrace> explain(const Step&, Token chosen) override {
    if (!explained_ || !explained_->lists(chosen)) {
      explained_ = std::make_shared<ContrastiveDecodingTrace>(config_, pair_, n_plausible_, scores_, chosen);
    }
    return explained_;
  }

 private:
  LogSum sum_of_amateur() {
    std::span<const float> logits = pair_.amateur;
    if (config_.tau_amateur != 1) {
      scaled_.assign(logits.begin(), logits.end());
      for (float& logit : scaled_) logit = static_cast<float>(logit / config_.tau_amateur);
      logits = scaled_;
    }
    const LogSum sum = log_sum_exp(logits);
    if (!sum.valid)
      throw not_finite(
          run_.model_info(1),
          fmt::format("the amateur {} returned a logit that is not a number or infinite", config_.amateur));
    return sum;
  }

  const Run& run_;
  const GenerationConfig& config_;
  ExpertAndAmateur pair_;
  std::vector<Candidate> plausible_;
  int n_plausible_ = 0;  // before top_k
  std::vector<float> scores_, scaled_;
  std::vector<Token> text_;
  std::shared_ptr<const ContrastiveDecodingTrace> explained_;
};

Task<void> contrastive_decoding(Run& run) {
  ContrastiveDecoding scoring(run);
  if (run.config().num_beams > 1) {
    co_await beam_search(run, scoring);
  } else {
    const bool drawn = run.draws();
    co_await write_texts(run, scoring, drawn);
  }
}

bool keeps_beams(const GenerationConfig& config) { return config.num_beams > 1; }

std::vector<std::string> amateur(const GenerationConfig& config) { return {config.amateur}; }

void check(const GenerationConfig& config) {
  if (config.beta && config.lambda != 1) reject_contradiction("lambda", "beta");
  if (keeps_beams(config) && asks_to_sample(config)) reject_contradiction("num_beams", "a contrast that samples");
  if (keeps_beams(config)) reject_speculation(config, "beams: their texts change places at every token");
  check_speculation(config, asks_to_sample(config));
}

const Registered<StrategyRow> contrastive_decoding_row(
    {.name = "contrastive_decoding",
     .order = 8,
     .run = contrastive_decoding,
     .doc = "what an expert finds likely and an amateur does not",
     .implied_by = "amateur",
     .precedence = 2,
     .reads = with_speculation(beam_options({"amateur", "alpha", "tau_amateur", "lambda", "beta", "amateur_context",
                                             "top_k", sampling_group})),
     .needs = {{"amateur", "an amateur: a smaller model, or self:q4_0"}},
     .check = check,
     .draws = asks_to_sample,
     .beams = keeps_beams,
     .models = amateur});

}  // namespace
}  // namespace decant
