// How to turn distributions into text: the options of one generation, with Hugging Face's names. Their meaning, range
// and advice stand in the table (generation_config.cpp); what a combination of them means, in resolve.h.
#pragma once

#include "options/field.h"

namespace decant {

struct GenerationConfig {
  std::string strategy = {};  // "": follows from the other options

  std::optional<bool> do_sample = {};
  int num_return_sequences = 1;
  std::optional<std::uint64_t> seed = {};  // not set: drawn at random and reported
  double repetition_penalty = 1.0;
  int trace_top = 50;

  double temperature = 1.0;
  int top_k = 50;
  double top_p = 1.0;
  double min_p = 0.0;

  int max_new_tokens = 256;
  std::optional<int> max_length = {};   // tokens, prompt included
  std::optional<double> max_time = {};  // seconds
  std::vector<std::string> stop_strings = {};
  bool include_stop_str_in_output = true;
  std::vector<int> stop_token_ids = {};
  std::optional<std::vector<int>> eos_token_id = {};  // not set: the model's
  bool ignore_eos = false;

  Given given = {};
};

// The heading of the options that only sampling reads and that ask for it by being set.
inline constexpr std::string_view sampling_group = "Sampling (each of these implies --do-sample)";

Fields<GenerationConfig> generation_fields();

}  // namespace decant
