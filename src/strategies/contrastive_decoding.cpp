// Contrastive decoding (Li et al. 2023, "Contrastive Decoding: Open-ended Text Generation as Optimization"): what an
// expert finds likely and an amateur does not. Of the plausible tokens, those with p_E(v) >= alpha max p_E,
//
//   score(v) = log p_E(v) - lambda log p_A(v),     or with beta set (O'Brien and Lewis 2023)
//   score(v) = (1 + beta) e(v) - beta a(v)         on the logits e and a;
//
// tau_amateur divides the amateur's logits first. top_k keeps only so many of the plausible tokens, the expert's
// likeliest.
//
// Tested by tests/strategies/contrastive_decoding_test.cpp and, against golden files of a float64 reference,
// tests/model/llama_contrast_test.cpp. Processors run on the scores. With beams, what adds up is the score itself, as
// in the paper: beams are otherwise those of beam.h. Of equal scores the expert's likelier token is the best: identical
// models fall back to the expert.
// The amateur's cache is its own; with amateur_context it reads only so many of the last tokens, as a text of their
// own.
#include "strategies/contrastive_decoding.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "numerics/top_k.h"
#include "strategies/beam.h"
#include "strategies/contrast.h"
#include "strategies/contrastive_decoding_trace.h"

namespace decant {
namespace {

constexpr float masked = -std::numeric_limits<float>::infinity();

class ContrastiveDecoding : public Contrast {
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

  Token best(const Step& step) override {
    Candidate found{-1, masked};
    const float max = step.scores.max();
    step.scores.for_each([&](Token id, float score) {
      const Candidate each{id, step.logits[static_cast<std::size_t>(id)]};
      if (score == max && (found.id < 0 || ranks_before(each, found))) found = each;
    });
    return found.id < 0 ? step.scores.argmax() : found.id;
  }

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
      throw Error(ErrorKind::internal, "the amateur {} returned a logit that is not a number or infinite",
                  config_.amateur);
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

}  // namespace

Task<void> contrastive_decoding(Run& run) {
  ContrastiveDecoding contrast(run);
  if (run.config().num_beams > 1) {
    co_await beam_of_contrast(run, contrast);
  } else {
    co_await write_texts(run, contrast);
  }
}

}  // namespace decant
