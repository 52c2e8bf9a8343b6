#include "llama/library.h"

#include <ggml-backend.h>
#include <ggml-cpu.h>
#include <llama.h>

#include <algorithm>
#include <sstream>

#include "base/error.h"
#include "kernels/hook.h"

namespace decant {
namespace {

thread_local Complaints* listener = nullptr;

// libllama is compiled for the CPU of the machine that built it; elsewhere it would end in an illegal instruction.
void check_cpu() {
#ifdef __x86_64__
  const struct {
    const char* name;
    bool used, present;
  } features[] = {
      {"AVX", ggml_cpu_has_avx() != 0, __builtin_cpu_supports("avx") != 0},
      {"AVX2", ggml_cpu_has_avx2() != 0, __builtin_cpu_supports("avx2") != 0},
      {"FMA", ggml_cpu_has_fma() != 0, __builtin_cpu_supports("fma") != 0},
      {"AVX-512", ggml_cpu_has_avx512() != 0, __builtin_cpu_supports("avx512f") != 0},
      {"AVX-512 VBMI", ggml_cpu_has_avx512_vbmi() != 0, __builtin_cpu_supports("avx512vbmi") != 0},
      {"AVX-512 VNNI", ggml_cpu_has_avx512_vnni() != 0, __builtin_cpu_supports("avx512vnni") != 0},
  };
  for (const auto& feature : features) {
    if (feature.used && !feature.present) {
      throw Error(ErrorKind::unavailable, "decant was built for a CPU with {}, which this one lacks: build it here",
                  feature.name);
    }
  }
#endif
}

}  // namespace

void start_library() {
  static const bool started = [] {
    check_cpu();
    llama_log_set(
        [](ggml_log_level level, const char* text, void*) {
          if (level == GGML_LOG_LEVEL_ERROR && listener) listener->add(text);
          if (level == GGML_LOG_LEVEL_WARN && listener) listener->warn(text);
        },
        nullptr);
    llama_backend_init();
    kernels::install();
    return true;
  }();
  (void)started;
}

Complaints::Complaints() : outer_(std::exchange(listener, this)) {}

Complaints::~Complaints() { listener = outer_; }

std::string Complaints::because() const {
  std::string text = text_;
  while (text.ends_with('\n')) text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text.empty() ? "" : " (" + text + ")";
}

std::vector<std::string> Complaints::warnings() const {
  std::vector<std::string> lines;
  std::istringstream all(warnings_);
  for (std::string line; std::getline(all, line);) {
    // "load_arch_hparams: what is wrong"; the vocabulary's are from "load".
    const bool of_architecture = line.starts_with("load_arch"),
               of_text = line.find("missing pre-tokenizer") != line.npos;
    if (of_architecture || of_text) lines.push_back(line.substr(std::min(line.find(": "), line.size() - 2) + 2));
  }
  return lines;
}

void LlamaRelease::operator()(llama_model* model) const { llama_model_free(model); }
void LlamaRelease::operator()(llama_context* context) const { llama_free(context); }

std::optional<kernels::Isa> isa_of(const ModelOptions& options) {
  const std::optional<kernels::Isa> isa = kernels::default_isa();
  if (options.kernels == "off") return std::nullopt;
  return options.kernels == "on" && !isa ? kernels::Isa::plain : isa;
}

std::string device_of(const ModelOptions& options) {
  for (std::size_t i = 0; i < ggml_backend_dev_count() && options.n_gpu_layers != 0; ++i) {
    ggml_backend_dev_t device = ggml_backend_dev_get(i);
    if (ggml_backend_dev_type(device) == GGML_BACKEND_DEVICE_TYPE_CPU) continue;
    return fmt::format("{} ({})", ggml_backend_dev_name(device), ggml_backend_dev_description(device));
  }
  return "";
}

}  // namespace decant
