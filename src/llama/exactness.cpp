// Tested by tests/llama/exact_test.cpp.
#include "llama/exactness.h"

#include <fmt/ranges.h>
#include <llama.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "llama/library.h"

namespace decant {

void check_exact_options(const ModelOptions& options) {
  if (options.kernels == "off")
    throw Error(ErrorKind::usage, "--exact is kept by our kernels: drop --kernels off, or --exact");
  if (options.flash_attn == "off")
    throw Error(ErrorKind::usage, "--exact is kept by fused attention: drop --flash-attn off, or --exact");
  if (!isa_of(options)) {
    throw Error(ErrorKind::unavailable,
                "--exact is kept by our kernels, and this CPU has no instruction set for them: add --kernels on for "
                "the slow ones in plain C++, or drop --exact");
  }
  if (const std::string device = device_of(options); !device.empty()) {
    throw Error(ErrorKind::unavailable, "--exact cannot be kept by {}: add --n-gpu-layers 0, or drop --exact", device);
  }
}

// LlamaModel settles the same where options.exact is set.
ModelOptions settled_as_exact(ModelOptions options) {
  if (options.cache_type == "auto") options.cache_type = "f16";
  if (options.flash_attn == "auto") options.flash_attn = "on";
  return options;
}

void check_nothing_left(const std::set<std::string>& left, const std::filesystem::path& path) {
  if (left.empty()) return;
  throw Error(ErrorKind::unavailable,
              "--exact cannot be kept for {}: ggml computes {}; take a file that our kernels cover, or drop --exact",
              path.string(), fmt::join(left, ", "));
}

void check_exact_graphs(llama_context* context, const std::set<std::string>& left, const std::filesystem::path& path) {
  std::vector<llama_token> tokens(3, 0);
  for (const int count : {2, 1}) {  // the second finds cells in the cache
    if (llama_decode(context, llama_batch_get_one(tokens.data(), count)) != 0) {
      throw Error(ErrorKind::internal, "libllama could not evaluate {} tokens of {}", count, path.string());
    }
  }
  llama_memory_clear(llama_get_memory(context), true);
  check_nothing_left(left, path);
}

}  // namespace decant
