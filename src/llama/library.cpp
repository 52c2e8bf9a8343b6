#include "llama/library.h"

#include <ggml-cpu.h>
#include <llama.h>

#include <algorithm>

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

}  // namespace decant
