// Which processors the options ask for, and in which order: Hugging Face's, or the one that sampler_order names.
#pragma once

#include <limits>
#include <memory>
#include <vector>

#include "model/vocab.h"
#include "options/generation_config.h"
#include "processors/processor.h"
#include "processors/watermark.h"

namespace decant {

// What processors have to know besides the options.
struct ChainSetup {
  const Vocab* vocab = nullptr;  // without one, options that need text or ids cannot be checked, and are errors
  std::vector<Token> eos = {};   // tokens that end a sequence
  int max_length = std::numeric_limits<int>::max();  // prompt included
  int min_tokens_to_keep = 1;                        // by every truncation, unless the option asks for more
  std::string healed = {};                           // bytes that token healing took from the prompt
};

WatermarkConfig watermark_config(const GenerationConfig& config);

struct Recipe {
  std::vector<std::unique_ptr<const Processor>> processors;
  std::size_t n_edits = 0;  // how many come before temperature and the truncations
};

// Hugging Face's order, with what it does not have beside what is like it:
//   guidance_scale, sequence_bias, logit_bias, diversity_penalty, encoder_repetition_penalty, repetition_penalty,
//   frequency and presence penalty, dry, no_repeat_ngram_size, encoder_no_repeat_ngram_size, bad_words, min_length,
//   min_new_tokens, prefix_allowed_tokens_fn, allowed_token_ids, grammar or json_schema, token_healing,
//   forced_bos_token_id, forced_eos_token_id, exponential_decay_length_penalty, suppress_tokens, begin_suppress_tokens;
//   when sampling: top_n_sigma, temperature or dynatemp, top_h, top_k, top_p, min_p, typical_p, epsilon_cutoff,
//   eta_cutoff, xtc, adaptive_target - or temperature and mirostat;
//   watermark, renormalize_logits.
// sampler_order moves penalties, dry and what only sampling has, behind all that cannot be moved; what it does not list
// is off. Throws Error(usage) for values that cannot be carried out, and for options that were given but not listed.
Recipe make_recipe(const GenerationConfig& config, bool sampling, const ChainSetup& setup);

}  // namespace decant
