// Watermark: green tokens become more likely, so that a text written with it has more of them than chance would give.
//
// score += bias for the green tokens. With lefthash that is the green list behind the text; with selfhash, which has
// another list for every candidate, the green ones among the 40 best. Nothing is done as long as the text has fewer
// than context_width tokens.
// Equals Hugging Face's WatermarkLogitsProcessor. Deviation: with selfhash, a vocabulary of fewer than 40 tokens or 40
// candidates without a green one are errors there, and nothing special here.
#pragma once

#include "processors/green_list.h"
#include "processors/processor.h"

namespace decant {

class Watermark final : public Processor {
 public:
  Watermark(const WatermarkConfig& config, int n_vocab);

  std::string_view name() const override { return "watermark"; }
  void operator()(Scores& scores, const Context& context) const override;

 private:
  std::vector<Token> green(Scores& scores, std::span<const Token> text) const;

  WatermarkConfig config_;
  GreenList green_list_;
};

}  // namespace decant
