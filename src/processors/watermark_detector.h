// Watermark detector: whether a text has more green tokens than chance would give.
//
// With n scored tokens, g of them green: z = (g - ratio * n) / sqrt(n * ratio * (1 - ratio)), and the p-value is
// 1 - (1 + sign(z) * (1 - exp(-2 z^2 / pi))) / 2, an approximation of the normal distribution's upper tail. It needs
// the options and the vocabulary that the text was written with; leave the prompt out.
// Equals Hugging Face's WatermarkDetector. Deviation: there ignore_repeated_ngrams has no effect (it tells n-grams
// apart by the place where they stand in memory).
#pragma once

#include <optional>
#include <span>

#include "processors/green_list.h"

namespace decant {

struct WatermarkFinding {
  int n_scored = 0;
  int n_green = 0;
  double green_fraction = 0;
  double z_score = 0;
  double p_value = 0;
  bool is_watermarked = false;  // z_score > z_threshold
};

struct WatermarkTest {
  double z_threshold = 3;
  bool ignore_repeated_ngrams = false;  // a token and the context that decides about it count once
};

// A `bos` at the beginning is passed over. Throws Error(usage) for unknown ids, Error(data) for too short a text.
WatermarkFinding detect_watermark(std::span<const Token> tokens, const WatermarkConfig& config, int n_vocab,
                                  std::optional<Token> bos = {}, const WatermarkTest& test = {});

}  // namespace decant
