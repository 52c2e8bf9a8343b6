// The finished texts of a beam search: the best `capacity` of them, by score / length^length_penalty.
//
// When a search may end follows Hugging Face 4.55 (semantics of early_stopping: generation_config.cpp). Its estimate of
// what a beam can still reach is a heuristic unless early_stopping is "never": a longer text may get a better mean.
// With "never" it is a bound as long as sums can only fall. Where they can rise (a contrast, guidance, a positive bias)
// there is no bound, and the search goes on to the longest text; Hugging Face ends it by the same estimate, as does
// hf_compat.
#pragma once

#include <string>
#include <vector>

#include "options/generation_config.h"
#include "run/stop.h"

namespace decant {

struct Hypothesis {
  int node = 0;      // in the search's tree
  double score = 0;  // sum of the processed scores
  int length = 0;    // as length_penalty counts it
  double normalized = 0;
  Stop stop = {};
  int group = 0;
  std::vector<std::string> unmet = {};  // forced words that it lacks
};

class Hypotheses {
 public:
  // n_prompt: tokens of the prompt; max_length: of a whole text; only_fall: no token adds more than 0 to a score.
  Hypotheses(const GenerationConfig& config, int n_prompt, int max_length, int capacity, bool only_fall = true);

  // For a text of n_new tokens; with normalize = prompt, the prompt counts and a token that only ends the text does
  // not.
  int length(int n_new, bool ends_with_token) const { return by_prompt_ ? n_prompt_ + n_new - ends_with_token : n_new; }
  double normalize(double score, int length) const;

  bool full() const { return static_cast<int>(best_.size()) >= capacity_; }
  bool add(Hypothesis hypothesis);                               // false: the ones that are there are no worse
  const std::vector<Hypothesis>& best() const { return best_; }  // best first; of equals the one found first

  // Whether a beam of this score and number of new tokens may still lead to a text that would be added.
  bool can_improve(double score, int n_new) const;

 private:
  double length_penalty_;
  bool stop_when_full_, never_;
  bool bounded_;  // what a beam can still reach is known
  bool by_prompt_;
  int n_prompt_, max_length_, capacity_;
  std::vector<Hypothesis> best_;
};

}  // namespace decant
