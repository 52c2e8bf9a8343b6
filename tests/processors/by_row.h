// The processors, made by their rows whether the options turn them on or not: what a test wants to vary are arguments.
#pragma once

#include <algorithm>
#include <functional>

#include "processors/green_list.h"
#include "processors/recipe.h"

namespace decant {

inline const ProcessorRow& row_of(std::string_view option) {
  const auto rows = processor_rows();
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const auto* each) { return each->option == option; });
  if (row == rows.end()) throw Error(ErrorKind::internal, "there is no processor of {}", option);
  return **row;
}

inline ProcessorPtr make_processor(std::string_view option, const GenerationConfig& config,
                                   const ChainSetup& setup = {}) {
  return row_of(option).make(config, setup);
}

// A vocabulary that has a size, and no texts.
class NumberVocab : public Vocab {
 public:
  explicit NumberVocab(std::size_t size) : size_(static_cast<int>(size)) {}
  int size() const override { return size_; }
  std::string_view bytes(Token) const override { return {}; }
  std::string_view piece(Token) const override { return {}; }
  const std::vector<Token>& eos() const override { return eos_; }
  std::vector<Token> tokenize(std::string_view, bool, bool) const override { return {}; }

 private:
  int size_;
  std::vector<Token> eos_;
};

// Base of those below, none of which remembers anything.
class ByRow : public Processor {
 public:
  ByRow(std::string_view option, const GenerationConfig& config, const ChainSetup& setup = {})
      : own_(make_processor(option, config, setup)) {}
  std::string_view name() const override { return own_->name(); }
  void operator()(Scores& scores, const Context& context) const override { (*own_)(scores, context); }

 private:
  ProcessorPtr own_;
};

struct Guidance : ByRow {
  explicit Guidance(double scale) : ByRow("guidance_scale", {.guidance_scale = scale}) {}
};

struct DiversityPenalty : ByRow {
  explicit DiversityPenalty(double penalty) : ByRow("diversity_penalty", {.diversity_penalty = penalty}) {}
};

struct RepetitionPenalty : ByRow {
  explicit RepetitionPenalty(double penalty, int last_n = -1)
      : ByRow("repetition_penalty", {.repetition_penalty = penalty, .penalty_last_n = last_n}) {}
};

struct EncoderRepetitionPenalty : ByRow {
  explicit EncoderRepetitionPenalty(double penalty)
      : ByRow("encoder_repetition_penalty", {.encoder_repetition_penalty = penalty}) {}
};

struct OccurrencePenalty : ByRow {
  OccurrencePenalty(double frequency, double presence, int last_n = -1)
      : ByRow("frequency_penalty",
              {.frequency_penalty = frequency, .presence_penalty = presence, .penalty_last_n = last_n}) {}
};

struct Dry : ByRow {
  Dry(const GenerationConfig& config, const Vocab& vocab) : ByRow("dry_multiplier", config, {.vocab = &vocab}) {}
};

struct NoRepeatNgram : ByRow {
  explicit NoRepeatNgram(int n) : ByRow("no_repeat_ngram_size", {.no_repeat_ngram_size = n}) {}
};

struct EncoderNoRepeatNgram : ByRow {
  explicit EncoderNoRepeatNgram(int n) : ByRow("encoder_no_repeat_ngram_size", {.encoder_no_repeat_ngram_size = n}) {}
};

struct MinLength : ByRow {
  MinLength(int n, std::vector<Token> eos) : ByRow("min_length", {.min_length = n}, {.eos = std::move(eos)}) {}
};

struct MinNewTokens : ByRow {
  MinNewTokens(int n, std::vector<Token> eos)
      : ByRow("min_new_tokens", {.min_new_tokens = n}, {.eos = std::move(eos)}) {}
};

struct PrefixAllowedTokens : ByRow {
  explicit PrefixAllowedTokens(std::function<std::vector<Token>(std::span<const Token>)> function)
      : ByRow("prefix_allowed_tokens_fn", {.prefix_allowed_tokens_fn = std::move(function)}) {}
};

struct AllowedTokens : ByRow {
  AllowedTokens(std::vector<Token> ids, int n_vocab) : AllowedTokens(std::move(ids), NumberVocab(n_vocab)) {}

 private:
  AllowedTokens(std::vector<Token> ids, const NumberVocab& vocab)
      : ByRow("allowed_token_ids", {.allowed_token_ids = std::move(ids)}, {.vocab = &vocab}) {}
};

struct ForcedBos : ByRow {
  explicit ForcedBos(Token bos) : ByRow("forced_bos_token_id", {.forced_bos_token_id = bos}) {}
};

struct ForcedEos : ByRow {
  ForcedEos(std::vector<Token> eos, int max_length)
      : ByRow("forced_eos_token_id", {.forced_eos_token_id = std::move(eos)}, {.max_length = max_length}) {}
};

struct ExponentialDecayLengthPenalty : ByRow {
  ExponentialDecayLengthPenalty(int start, double factor, std::vector<Token> eos)
      : ByRow("exponential_decay_length_penalty",
              {.exponential_decay_length_penalty = {static_cast<double>(start), factor}}, {.eos = std::move(eos)}) {}
};

struct SuppressTokens : ByRow {
  explicit SuppressTokens(std::vector<Token> ids) : ByRow("suppress_tokens", {.suppress_tokens = std::move(ids)}) {}
};

struct BeginSuppressTokens : ByRow {
  explicit BeginSuppressTokens(std::vector<Token> ids, bool forced_bos = false)
      : ByRow("begin_suppress_tokens",
              {.forced_bos_token_id = forced_bos ? std::optional(0) : std::nullopt, .begin_suppress_tokens = ids}) {}
};

struct Temperature : ByRow {
  explicit Temperature(double temperature) : ByRow("temperature", {.temperature = temperature}) {}
};

struct DynamicTemperature : ByRow {
  DynamicTemperature(double temperature, double range, double exponent)
      : ByRow("dynatemp_range", {.temperature = temperature, .dynatemp_range = range, .dynatemp_exponent = exponent}) {}
};

// A cut that keeps this many tokens.
struct Truncation : ByRow {
  Truncation(std::string_view option, GenerationConfig config, int min_keep)
      : ByRow(option, (config.min_tokens_to_keep = min_keep, config), {.min_tokens_to_keep = min_keep}) {}
};

struct TopNSigma : ByRow {
  explicit TopNSigma(double n) : ByRow("top_n_sigma", {.top_n_sigma = n}) {}
};
struct TopH : Truncation {
  explicit TopH(double h, int min_keep = 1) : Truncation("top_h", {.top_h = h}, min_keep) {}
};
struct TopK : Truncation {
  explicit TopK(int k, int min_keep = 1) : Truncation("top_k", {.top_k = k}, min_keep) {}
};
struct TopP : Truncation {
  explicit TopP(double p, int min_keep = 1) : Truncation("top_p", {.top_p = p}, min_keep) {}
};
struct MinP : Truncation {
  explicit MinP(double p, int min_keep = 1) : Truncation("min_p", {.min_p = p}, min_keep) {}
};
struct TypicalP : Truncation {
  explicit TypicalP(double p, int min_keep = 1) : Truncation("typical_p", {.typical_p = p}, min_keep) {}
};
struct EpsilonCutoff : Truncation {
  explicit EpsilonCutoff(double p, int min_keep = 1) : Truncation("epsilon_cutoff", {.epsilon_cutoff = p}, min_keep) {}
};
struct EtaCutoff : Truncation {
  explicit EtaCutoff(double p, int min_keep = 1) : Truncation("eta_cutoff", {.eta_cutoff = p}, min_keep) {}
};
struct Xtc : Truncation {
  Xtc(double probability, double threshold, int min_keep = 1)
      : Truncation("xtc_probability", {.xtc_probability = probability, .xtc_threshold = threshold}, min_keep) {}
};

struct Renormalize : ByRow {
  Renormalize() : ByRow("renormalize_logits", {}) {}
};

struct Watermark : ByRow {
  Watermark(const WatermarkConfig& config, int n_vocab) : Watermark(config, NumberVocab(n_vocab)) {}

 private:
  Watermark(const WatermarkConfig& config, const NumberVocab& vocab)
      : ByRow("watermark",
              {.watermark_greenlist_ratio = config.greenlist_ratio,
               .watermark_bias = config.bias,
               .watermark_hashing_key = config.hashing_key,
               .watermark_seeding_scheme = config.selfhash ? "selfhash" : "lefthash",
               .watermark_context_width = config.context_width},
              {.vocab = &vocab}) {}
};

}  // namespace decant
