// Which model, and how it is loaded and run. None of these changes what is computed, only how fast, how large and, by
// the precision of the cache, how exactly.
#pragma once

#include "options/field.h"

namespace decant {

struct ModelOptions {
  std::string model = "smollm2";  // a GGUF file, or an alias
  int threads = 0;                // 0: all cores
  int ctx_size = 0;               // cache cells; 0: as much as the model was trained for, at most 8192
  std::string cache_type = "auto";
  std::string flash_attn = "auto";
  int prefill_chunk_size = 256;  // tokens
  int n_gpu_layers = -1;         // -1: all of them, where there is a device

  Given given = {};
};

Fields<ModelOptions> model_fields();

}  // namespace decant
