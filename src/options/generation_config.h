// How to turn distributions into text: the options of one generation, with Hugging Face's names. Their meaning, range
// and advice stand in the table (generation_config.cpp); what a combination of them means, in strategies/resolve.h.
#pragma once

#include <functional>

#include "options/field.h"
#include "options/own_values.h"

namespace decant {

struct GenerationConfig {
  std::string strategy = {};  // "": follows from the other options; its row: strategies/resolve.cpp

  std::optional<bool> do_sample = {};
  int num_return_sequences = 1;
  std::optional<std::uint64_t> seed = {};  // not set: drawn at random and reported
  int trace_top = 50;
  std::string sampler_order = {};  // "": Hugging Face's
  bool token_healing = false;

  int num_beams = 1;
  double length_penalty = 1.0;
  std::string early_stopping = "false";
  std::string normalize = "generated";
  int num_beam_groups = 1;
  double diversity_penalty = 0.0;
  std::vector<std::string> force_words = {};
  bool hf_compat = false;

  std::optional<double> penalty_alpha = {};
  std::string amateur = {};  // a model, self:LAYERS or self:TYPE; "": none
  double alpha = 0.1;
  double tau_amateur = 1.0;
  double lambda = 1.0;
  std::optional<double> beta = {};
  int amateur_context = 0;       // tokens; 0: all
  std::string dola_layers = {};  // "": off
  double relative_top = 0.1;

  double repetition_penalty = 1.0;
  double encoder_repetition_penalty = 1.0;
  double frequency_penalty = 0.0;
  double presence_penalty = 0.0;
  int penalty_last_n = -1;  // -1: all tokens
  double dry_multiplier = 0.0;
  double dry_base = 1.75;
  int dry_allowed_length = 2;
  int dry_penalty_last_n = -1;
  std::vector<std::string> dry_sequence_breakers = {"\n", ":", "\"", "*"};
  std::vector<double> exponential_decay_length_penalty = {};  // start, factor
  std::vector<std::string> sequence_bias = {};
  std::vector<std::string> logit_bias = {};

  int no_repeat_ngram_size = 0;
  int encoder_no_repeat_ngram_size = 0;
  std::vector<std::string> bad_words = {};
  int min_length = 0;
  int min_new_tokens = 0;
  std::optional<int> forced_bos_token_id = {};
  std::vector<int> forced_eos_token_id = {};
  std::vector<int> suppress_tokens = {};
  std::vector<int> begin_suppress_tokens = {};
  std::vector<int> allowed_token_ids = {};
  std::string grammar = {};
  std::string json_schema = {};
  bool remove_invalid_values = false;
  bool renormalize_logits = false;

  double guidance_scale = 1.0;
  std::string negative_prompt = {};

  bool watermark = false;
  double watermark_greenlist_ratio = 0.25;
  double watermark_bias = 2.0;
  std::uint64_t watermark_hashing_key = 15485863;
  std::string watermark_seeding_scheme = "lefthash";
  int watermark_context_width = 1;

  double temperature = 1.0;
  double dynatemp_range = 0.0;
  double dynatemp_exponent = 1.0;
  std::optional<double> top_h = {};
  int top_k = 50;
  double top_p = 1.0;
  double min_p = 0.0;
  double typical_p = 1.0;
  double epsilon_cutoff = 0.0;
  double eta_cutoff = 0.0;
  double top_n_sigma = 0.0;
  double xtc_probability = 0.0;
  double xtc_threshold = 0.1;
  int mirostat = 0;
  double mirostat_tau = 5.0;
  double mirostat_eta = 0.1;
  std::optional<double> adaptive_target = {};
  double adaptive_decay = 0.9;
  int min_tokens_to_keep = 1;

  int max_new_tokens = 256;
  std::optional<int> max_length = {};   // tokens, prompt included
  std::optional<double> max_time = {};  // seconds
  std::vector<std::string> stop_strings = {};
  bool include_stop_str_in_output = true;
  std::vector<int> stop_token_ids = {};
  std::optional<std::vector<int>> eos_token_id = {};  // not set: the model's
  bool ignore_eos = false;

  // Not an option: the tokens that may follow a text (Hugging Face's prefix_allowed_tokens_fn).
  std::function<std::vector<int>(std::span<const int> tokens)> prefix_allowed_tokens_fn = {};

  OwnValues own = {};  // of the options that are declared where they are read (option.h)
  Given given = {};
};

// The heading of the options that only sampling reads and that ask for it by being set.
inline constexpr std::string_view sampling_group = "Sampling (each of these implies --do-sample)";

// All rows: those of the struct's members, and those that are registered elsewhere (option.h), each behind the others
// of its group; groups of their own come last, by name. To be called once main() has begun.
Fields<GenerationConfig> generation_fields();

}  // namespace decant
