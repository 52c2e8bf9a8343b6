#include "llama/sampling_keys.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>

#include "files/gguf_check.h"
#include "llama/gguf_handles.h"

namespace decant {
namespace {

struct Name {
  std::string_view key, option;
};
constexpr Name names[] = {{"temp", "temperature"},
                          {"top_k", "top_k"},
                          {"top_p", "top_p"},
                          {"min_p", "min_p"},
                          {"xtc_probability", "xtc_probability"},
                          {"xtc_threshold", "xtc_threshold"},
                          {"penalty_last_n", "penalty_last_n"},
                          {"penalty_repeat", "repetition_penalty"},
                          {"mirostat", "mirostat"},
                          {"mirostat_tau", "mirostat_tau"},
                          {"mirostat_eta", "mirostat_eta"}};

std::optional<std::string> number(const gguf_context* file, std::int64_t id) {
  switch (gguf_get_kv_type(file, id)) {
    case GGUF_TYPE_FLOAT32:
      return fmt::format("{}", gguf_get_val_f32(file, id));
    case GGUF_TYPE_FLOAT64:
      return fmt::format("{}", gguf_get_val_f64(file, id));
    case GGUF_TYPE_INT32:
      return fmt::format("{}", gguf_get_val_i32(file, id));
    case GGUF_TYPE_UINT32:
      return fmt::format("{}", gguf_get_val_u32(file, id));
    default:
      return std::nullopt;
  }
}

}  // namespace

std::vector<SamplingKey> sampling_keys(const std::filesystem::path& path) {
  check_gguf(path);
  const Gguf file(gguf_init_from_file(path.c_str(), {.no_alloc = true, .ctx = nullptr}));
  std::vector<SamplingKey> found;
  for (const Name& name : names) {
    const std::string key = fmt::format("general.sampling.{}", name.key);
    const std::int64_t id = file ? gguf_find_key(file.get(), key.c_str()) : -1;
    if (id < 0) continue;
    if (const auto value = number(file.get(), id)) found.push_back({key, std::string(name.option), *value});
  }
  return found;
}

}  // namespace decant
