// When a sequence ends. Every rule is a function of the sequence's own path, so that a branch of any tree can be asked.
//
// Stop strings follow Hugging Face: a sequence ends when a stop string occurs in the text and overlaps the last token's
// bytes, however many tokens it spans, and be it that it begins in the prompt; the text keeps it unless
// include_stop_str_in_output is off. Bytes that token healing took from the prompt are the prompt's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/vocab.h"
#include "options/generation_config.h"
#include "tree/prefix_tree.h"

namespace decant {

enum class FinishReason {
  running,
  stop,      // an end-of-sequence token, a stop token or a stop string
  length,    // max_new_tokens or max_length
  time,      // max_time
  context,   // the model can read no further
  dead_end,  // the processors left no token to go on with
};

std::string_view to_string(FinishReason reason);

// The length, prompt included, at which a sequence ends: of max_new_tokens and max_length the smaller, but the default
// of max_new_tokens does not cut a max_length that was asked for.
int max_length(const GenerationConfig& config, int prompt_length);

struct Stop {
  FinishReason reason = FinishReason::running;
  std::size_t cut = 0;  // bytes at the end of the text that are not to be shown
};

class StopRules {
 public:
  // healed: bytes with which the new tokens repeat the prompt's end. Throws Error(usage) for token ids that the
  // vocabulary does not have.
  StopRules(const GenerationConfig& config, const Vocab& vocab, int prompt_length, int n_context,
            std::size_t healed = 0);

  // For a sequence that ends in `last`, `seconds` after its Run began.
  Stop check(const Node& last, double seconds) const;

  bool is_stop_token(Token token) const;
  int max_length() const { return max_length_; }  // prompt included

  // The length at which every text has ended, prompt included: that of the options, or the first that the model cannot
  // read on from.
  int longest() const { return max_length_ > n_context_ ? n_context_ + 1 : max_length_; }
  const std::vector<Token>& stop_tokens() const { return stop_tokens_; }  // the end-of-sequence tokens first

 private:
  Stop find_stop_string(const Node& last) const;
  std::size_t new_bytes(const Node& last) const;

  const Vocab& vocab_;
  std::vector<Token> stop_tokens_;
  std::vector<std::string> stop_strings_;
  std::size_t longest_ = 0;  // bytes of the longest stop string
  bool keep_stop_string_;
  int prompt_length_;
  std::size_t healed_;
  int max_length_;  // prompt included
  int n_context_;
  double max_time_;
};

}  // namespace decant
