// The green list: the part of the vocabulary that a watermark favours behind a given text.
//
// The first greenlist_ratio of a permutation of the vocabulary whose seed comes from tokens. "lefthash": from the last
// token before. "selfhash": from the last context_width tokens with the candidate itself as the last of them, by the
// smallest of key * (t[i] + 1) * (t[candidate] + 1) over these tokens i, in 64 bits with a sign, where t is a fixed
// permutation of a million elements.
// Source: Kirchenbauer et al., "A Watermark for Large Language Models", ICML 2023 (algorithms 2 and 3 of "On the
// Reliability of Watermarks", 2023). The lists are those of Hugging Face on a CPU, token by token. Deviation: keys from
// 2^63 on overflow there with selfhash.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/token.h"
#include "options/generation_config.h"

namespace decant {

struct WatermarkConfig {
  double greenlist_ratio = .25;  // in (0, 1)
  double bias = 2;
  std::uint64_t hashing_key = 15485863;
  bool selfhash = false;
  int context_width = 1;  // >= 1
};

WatermarkConfig watermark_config(const GenerationConfig& config);

class GreenList {
 public:
  // Throws Error(usage) for numbers that make no watermark.
  GreenList(const WatermarkConfig& config, int n_vocab);

  // Behind a text that is not empty; lefthash only.
  std::vector<Token> behind(std::span<const Token> text) const;

  // Whether the token is green behind the text, which has at least context_width tokens (one less with selfhash).
  bool contains(std::span<const Token> text, Token token) const;

 private:
  std::uint64_t left_seed(Token last) const;
  std::uint64_t self_seed(std::span<const Token> text, Token token) const;
  std::uint64_t hash(Token token) const { return static_cast<std::uint64_t>(table_[token % table_size]) + 1; }

  static constexpr int table_size = 1000003;

  WatermarkConfig config_;
  int n_vocab_;
  int n_green_ = 0;
  std::vector<std::int32_t> table_;  // selfhash: as much of it as the vocabulary can ask for
};

}  // namespace decant
