// Tested by tests/llama/exact_test.cpp.
#include "llama/exactness.h"

#include <fmt/ranges.h>
#include <ggml-backend.h>
#include <llama.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "kernels/hook.h"

namespace decant {

void check_exact_options(const ModelOptions& options) {
  if (options.kernels == "off")
    throw Error(ErrorKind::usage, "--exact is kept by our kernels: drop --kernels off, or --exact");
  if (options.flash_attn == "off")
    throw Error(ErrorKind::usage, "--exact is kept by fused attention: drop --flash-attn off, or --exact");
  if (!kernels::active_isa()) {
    throw Error(ErrorKind::unavailable,
                "--exact is kept by our kernels, and this CPU has no instruction set for them: add --kernels on for "
                "the slow ones in plain C++, or drop --exact");
  }
  for (std::size_t i = 0; i < ggml_backend_dev_count() && options.n_gpu_layers != 0; ++i) {
    ggml_backend_dev_t device = ggml_backend_dev_get(i);
    if (ggml_backend_dev_type(device) == GGML_BACKEND_DEVICE_TYPE_CPU) continue;
    throw Error(ErrorKind::unavailable, "--exact cannot be kept by {} ({}): add --n-gpu-layers 0, or drop --exact",
                ggml_backend_dev_name(device), ggml_backend_dev_description(device));
  }
}

void check_exact_graphs(llama_context* context, const std::filesystem::path& path) {
  std::vector<llama_token> tokens(3, 0);
  const kernels::AttentionScope ours(true);
  kernels::watch(true);
  for (const int count : {2, 1}) {  // the second finds cells in the cache
    if (llama_decode(context, llama_batch_get_one(tokens.data(), count)) != 0) {
      throw Error(ErrorKind::internal, "libllama could not evaluate {} tokens of {}", count, path.string());
    }
  }
  kernels::watch(false);
  llama_memory_clear(llama_get_memory(context), true);
  const std::vector<std::string> left = kernels::left_to_ggml();
  if (left.empty()) return;
  throw Error(ErrorKind::unavailable,
              "--exact cannot be kept for {}: ggml computes {}; take a file that our kernels cover, or drop --exact",
              path.string(), fmt::join(left, ", "));
}

}  // namespace decant
