// Sequence bias: added to the score of the token that completes a sequence. A single token always gets it; a longer
// sequence needs the tokens before its last one at the end of the text. -infinity bans.
//
// Where several sequences end in one token their biases add up; of equal sequences the last counts. As in Hugging Face,
// a sequence longer than the text so far is passed over, even if the text is its beginning.
// Equals Hugging Face's SequenceBiasLogitsProcessor and, with -infinity, its NoBadWordsLogitsProcessor. With single
// tokens it is libllama's logit bias, except that there the biases of a token that is listed twice add up.
#pragma once

#include "processors/biased_sequence.h"
#include "processors/processor.h"

namespace decant {

class SequenceBias final : public Processor {
 public:
  // The name lives as long as the program.
  SequenceBias(std::string_view name, std::vector<BiasedSequence> sequences);

  std::string_view name() const override { return name_; }
  void operator()(Scores& scores, const Context& context) const override;

 private:
  std::string_view name_;
  std::vector<BiasedSequence> sequences_;  // those with the same last token side by side
  std::vector<Token> last_tokens_;         // rising, once each
  std::vector<Token> extremes_;            // the smallest and the largest id of all
};

}  // namespace decant
