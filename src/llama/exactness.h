// The promise of ModelOptions::exact: a row's logits are the same bits in any company (kernels/hook.h).
#pragma once

#include <filesystem>

#include "options/model_options.h"

struct llama_context;

namespace decant {

// Throws Error(usage) for options that contradict it, and Error(unavailable) where there is a device that would
// compute.
void check_exact_options(const ModelOptions& options);

// Evaluates a few tokens, forgets them, and throws Error(unavailable) if an operation was left to ggml that does not
// keep the promise.
void check_exact_graphs(llama_context* context, const std::filesystem::path& path);

}  // namespace decant
