// Which model, and how it is loaded and run: how fast, how large and how exactly. Of a quantised model or an F16 cache
// any of these may change the last digits of a logit, and so, now and then, a token.
#pragma once

#include "options/field.h"

namespace decant {

struct ModelOptions {
  std::string model = "smollm2";  // a GGUF file, or an alias
  int threads = 0;                // 0: all cores
  int ctx_size = 0;               // cache cells; 0: as many as the request can use
  std::string cache_type = "auto";
  std::string flash_attn = "auto";
  int prefill_chunk_size = 256;  // tokens
  int n_gpu_layers = -1;         // -1: all of them, where there is a device
  std::string kernels = "auto";
  bool exact = false;
  bool offline = false;  // models are fetched from nowhere

  Given given = {};
};

Fields<ModelOptions> model_fields();

}  // namespace decant
