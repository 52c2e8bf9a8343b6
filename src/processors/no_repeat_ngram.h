// No n-gram twice: removes every token that would complete a sequence of n tokens that the text, prompt included, has.
//
// n = 1 removes every token that has occurred. Source: Paulus et al., "A Deep Reinforced Model for Abstractive
// Summarization", ICLR 2018. Equals Hugging Face's NoRepeatNGramLogitsProcessor.
#pragma once

#include "processors/processor.h"

namespace decant {

class NoRepeatNgram final : public Processor {
 public:
  explicit NoRepeatNgram(int n);  // >= 1

  std::string_view name() const override { return "no_repeat_ngram_size"; }
  void operator()(Scores& scores, const Context& context) const override;

 private:
  std::size_t n_;
};

}  // namespace decant
