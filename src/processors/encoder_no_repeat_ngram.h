// No n-gram of the prompt: removes every token that would complete a sequence of n tokens that the prompt has.
//
// n = 1 removes every token of the prompt. Equals Hugging Face's EncoderNoRepeatNGramLogitsProcessor.
#pragma once

#include "processors/processor.h"

namespace decant {

class EncoderNoRepeatNgram final : public Processor {
 public:
  explicit EncoderNoRepeatNgram(int n);  // >= 1

  std::string_view name() const override { return "encoder_no_repeat_ngram_size"; }
  void operator()(Scores& scores, const Context& context) const override;

 private:
  std::size_t n_;
};

}  // namespace decant
