// Beam searches written from their definitions (reference: transformers 4.55, `_beam_search` and `BeamSearchScorer`) on
// dense arrays: every text is scored from scratch, every continuation of every beam is sorted, places that no beam has
// are beams of the score -1e9. Nothing is shared with the engine but the table.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "options/generation_config.h"
#include "support/table_model.h"

namespace decant::testing {

// The processed log-probabilities behind a text.
using LogLaw = std::function<std::vector<double>(const std::vector<Token>& text)>;

inline LogLaw law_of_table(const TableModel& model) {
  return [&model](const std::vector<Token>& text) {
    const std::vector<float> logits = model.logits_after(text);
    double total = 0;
    for (const float logit : logits) total += std::exp(static_cast<double>(logit));
    std::vector<double> law;
    for (const float logit : logits) law.push_back(static_cast<double>(logit) - std::log(total));
    return law;
  };
}

struct Found {
  std::vector<Token> ids;
  double score = 0;  // the sum
  double normalized = 0;
  bool operator<(const Found& other) const { return normalized > other.normalized; }  // best first
};

struct OracleBeam {
  std::vector<Token> ids;
  double score = -1e9;
};

class BeamOracle {
 public:
  BeamOracle(LogLaw law, std::vector<Token> prompt, const GenerationConfig& config, int width)
      : law_(std::move(law)), prompt_(std::move(prompt)), config_(config), width_(static_cast<std::size_t>(width)) {
    beams_.resize(width_);
    beams_[0].score = 0;
  }

  bool law_rises = false;  // a continuation may add more than 0 to a score

  bool is_end(Token token) const {
    return std::find(config_.eos_token_id->begin(), config_.eos_token_id->end(), token) != config_.eos_token_id->end();
  }
  double normalize(double score, int length) const { return score / std::pow(length, config_.length_penalty); }
  std::size_t n_candidates() const { return std::max<std::size_t>(2, 1 + config_.eos_token_id->size()) * width_; }

  // Every continuation of every beam, less `penalty(token)`, best first.
  std::vector<OracleBeam> continuations(const std::function<double(Token)>& penalty = {}) const {
    std::vector<OracleBeam> all;
    for (const OracleBeam& beam : beams_) {
      std::vector<Token> text = prompt_;
      text.insert(text.end(), beam.ids.begin(), beam.ids.end());
      const std::vector<double> law = law_(text);
      for (std::size_t token = 0; token < law.size(); ++token) {
        all.push_back({beam.ids, beam.score + law[token] - (penalty ? penalty(static_cast<Token>(token)) : 0)});
        all.back().ids.push_back(static_cast<Token>(token));
      }
    }
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
    return all;
  }

  void finish(const OracleBeam& text) {
    if (text.score <= -1e8) return;  // of a place that no beam has
    const int n = static_cast<int>(text.ids.size());
    pool_.push_back({text.ids, text.score, normalize(text.score, n)});
    std::stable_sort(pool_.begin(), pool_.end());
    if (pool_.size() > width_) pool_.pop_back();
  }
  bool may_improve(double best, int n) const {
    if (pool_.size() < width_) return true;
    if (config_.early_stopping == "true") return false;
    if (config_.early_stopping == "never" && law_rises) return true;
    const bool to_the_end = config_.early_stopping == "never" && config_.length_penalty > 0;
    return normalize(best, to_the_end ? config_.max_new_tokens : n) > pool_.back().normalized;
  }

  // Looks at these continuations in their order. False: the search is over.
  bool advance(const std::vector<OracleBeam>& candidates) {
    std::vector<OracleBeam> next;
    const int n = static_cast<int>(candidates[0].ids.size());
    const bool at_limit = n == config_.max_new_tokens;
    for (std::size_t rank = 0; rank < std::min(candidates.size(), n_candidates()); ++rank) {
      const OracleBeam& each = candidates[rank];
      if (!at_limit && !is_end(each.ids.back())) {
        next.push_back(each);
      } else if (rank < width_) {
        finish(each);
      }
    }
    std::stable_sort(next.begin(), next.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
    if (next.size() > width_) next.resize(width_);
    beams_ = next;
    return !next.empty() && may_improve(next[0].score, n);
  }

  // The same for the older scorer, of groups and constraints.
  bool advance_classic(const std::vector<OracleBeam>& candidates) {
    std::vector<OracleBeam> next;
    const int n = static_cast<int>(candidates[0].ids.size());
    for (std::size_t rank = 0; rank < std::min(candidates.size(), n_candidates()) && next.size() < width_; ++rank) {
      const OracleBeam& each = candidates[rank];
      if (!is_end(each.ids.back())) {
        next.push_back(each);
      } else if (rank < width_) {
        finish(each);
      }
    }
    beams_ = next;
    if (!may_improve(candidates[0].score, n)) return false;
    if (n < config_.max_new_tokens) return true;
    for (const OracleBeam& each : next) finish(each);
    return false;
  }

  std::vector<Found> run() {
    while (advance(continuations())) {
    }
    return pool_;
  }

  const std::vector<OracleBeam>& beams() const { return beams_; }
  void set_beams(std::vector<OracleBeam> beams) { beams_ = std::move(beams); }
  const std::vector<Found>& pool() const { return pool_; }

 private:
  LogLaw law_;
  std::vector<Token> prompt_;
  GenerationConfig config_;
  std::size_t width_;
  std::vector<OracleBeam> beams_;
  std::vector<Found> pool_;
};

// All texts that end by a token of eos or by length, best first.
inline std::vector<Found> all_texts(const LogLaw& law, const std::vector<Token>& prompt,
                                    const GenerationConfig& config) {
  std::vector<Found> all;
  const BeamOracle rules(law, prompt, config, 1);
  std::vector<OracleBeam> open = {{{}, 0}};
  while (!open.empty()) {
    const OracleBeam beam = open.back();
    open.pop_back();
    std::vector<Token> text = prompt;
    text.insert(text.end(), beam.ids.begin(), beam.ids.end());
    const std::vector<double> log_p = law(text);
    for (std::size_t token = 0; token < log_p.size(); ++token) {
      OracleBeam longer{beam.ids, beam.score + log_p[token]};
      longer.ids.push_back(static_cast<Token>(token));
      const int n = static_cast<int>(longer.ids.size());
      if (rules.is_end(longer.ids.back()) || n == config.max_new_tokens) {
        all.push_back({longer.ids, longer.score, rules.normalize(longer.score, n)});
      } else {
        open.push_back(longer);
      }
    }
  }
  std::stable_sort(all.begin(), all.end());
  return all;
}

}  // namespace decant::testing
