// The promise of ModelOptions::exact: a row's logits are the same bits in any company (kernels/hook.h).
#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "options/model_options.h"

struct llama_context;

namespace decant {

// Throws Error(usage) for options that contradict it, and Error(unavailable) where there is a device that would
// compute.
void check_exact_options(const ModelOptions& options);

// What a model that keeps the promise is run with, of options that leave it open.
ModelOptions settled_as_exact(ModelOptions options);

// Throws Error(unavailable) if anything was `left` to ggml that does not keep the promise.
void check_nothing_left(const std::set<std::string>& left, const std::filesystem::path& path);

// Evaluates a few tokens, forgets them, and throws Error(unavailable) if the context's callback found an operation that
// was `left` to ggml and does not keep the promise.
void check_exact_graphs(llama_context* context, const std::set<std::string>& left, const std::filesystem::path& path);

}  // namespace decant
