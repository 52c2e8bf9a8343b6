#include "llama/sampling_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "files/gguf_check.h"
#include "llama/gguf_handles.h"

namespace decant {
namespace {

constexpr std::string_view kPrefix = "general.sampling.", kSequence = "general.sampling.sequence";

// As libllama takes them (common/common.cpp). `sampler` is what a sequence has to list, "" where it says nothing;
// without the key that is `needed`, and not `neutral`, it does nothing.
struct Name {
  std::string_view key, option, sampler, needed = "";
  double neutral = 0;
};
constexpr Name names[] = {{"temp", "temperature", "temperature"},
                          {"top_k", "top_k", "top_k"},
                          {"top_p", "top_p", "top_p"},
                          {"min_p", "min_p", "min_p"},
                          {"xtc_probability", "xtc_probability", "xtc"},
                          {"xtc_threshold", "xtc_threshold", "xtc", "xtc_probability"},
                          {"penalty_repeat", "repetition_penalty", "penalties"},
                          {"penalty_last_n", "penalty_last_n", "penalties", "penalty_repeat", 1},
                          {"mirostat", "mirostat", ""},
                          {"mirostat_tau", "mirostat_tau", "", "mirostat"},
                          {"mirostat_eta", "mirostat_eta", "", "mirostat"}};

// The samplers of a sequence that processors here are named after, and how else libllama lets them be written.
struct Sampler {
  std::string_view name, also = "";
};
constexpr Sampler samplers[] = {{"penalties"}, {"dry"},          {"top_n_sigma"},
                                {"top_k"},     {"typ_p", "typ"}, {"top_p", "nucleus"},
                                {"min_p"},     {"xtc"},          {"temperature", "temp"}};

template <class Number>
std::string as_text(Number number) {
  return fmt::format("{}", number);
}

std::optional<std::string> text_of(const gguf_context* file, std::int64_t id) {
  switch (gguf_get_kv_type(file, id)) {
    case GGUF_TYPE_FLOAT32:
      return as_text(gguf_get_val_f32(file, id));
    case GGUF_TYPE_FLOAT64:
      return as_text(gguf_get_val_f64(file, id));
    case GGUF_TYPE_INT8:
      return as_text(int{gguf_get_val_i8(file, id)});
    case GGUF_TYPE_UINT8:
      return as_text(int{gguf_get_val_u8(file, id)});
    case GGUF_TYPE_INT16:
      return as_text(gguf_get_val_i16(file, id));
    case GGUF_TYPE_UINT16:
      return as_text(gguf_get_val_u16(file, id));
    case GGUF_TYPE_INT32:
      return as_text(gguf_get_val_i32(file, id));
    case GGUF_TYPE_UINT32:
      return as_text(gguf_get_val_u32(file, id));
    case GGUF_TYPE_INT64:
      return as_text(gguf_get_val_i64(file, id));
    case GGUF_TYPE_UINT64:
      return as_text(gguf_get_val_u64(file, id));
    case GGUF_TYPE_STRING:
      return gguf_get_val_str(file, id);
    default:
      return std::nullopt;
  }
}

std::optional<std::string> value_of(const gguf_context* file, std::string_view key) {
  const std::int64_t id = file ? gguf_find_key(file, std::string(key).c_str()) : -1;
  return id < 0 ? std::nullopt : text_of(file, id);
}

// "top-K" is top_k, and so is "topk"; "" for what there is none of.
std::string_view sampler_of(std::string_view written) {
  const auto plain = [](std::string_view text) {
    std::string letters;
    for (const char c : text) {
      if (c != '_' && c != '-') letters += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return letters;
  };
  for (const Sampler& each : samplers) {
    if (plain(written) == plain(each.name) || (!each.also.empty() && plain(written) == each.also)) return each.name;
  }
  return "";
}

std::vector<std::string_view> listed_in(std::string_view sequence) {
  std::vector<std::string_view> listed;
  while (!sequence.empty()) {
    const std::size_t end = std::min(sequence.find(';'), sequence.size());
    const std::string_view name = sampler_of(sequence.substr(0, end));
    if (!name.empty()) listed.push_back(name);
    sequence.remove_prefix(std::min(end + 1, sequence.size()));
  }
  return listed;
}

}  // namespace

std::vector<SamplingKey> sampling_keys(const std::filesystem::path& path) {
  check_gguf(path);
  const Gguf file(gguf_init_from_file(path.c_str(), {.no_alloc = true, .ctx = nullptr}));
  const std::vector<std::string_view> listed = listed_in(value_of(file.get(), kSequence).value_or(""));
  const auto listed_value = [&](const Name& name) {
    const bool is_off =
        !listed.empty() && !name.sampler.empty() && std::ranges::find(listed, name.sampler) == listed.end();
    return is_off ? std::nullopt : value_of(file.get(), fmt::format("{}{}", kPrefix, name.key));
  };
  std::vector<SamplingKey> found;
  for (const Name& name : names) {
    const auto value = listed_value(name);
    if (!value) continue;
    if (!name.needed.empty()) {
      const auto needed = listed_value(*std::ranges::find(names, name.needed, &Name::key));
      if (!needed || std::strtod(needed->c_str(), nullptr) == name.neutral) continue;
    }
    found.push_back({fmt::format("{}{}", kPrefix, name.key), std::string(name.option), *value});
  }
  std::string order;
  for (const std::string_view name : listed) order += fmt::format("{}{}", order.empty() ? "" : ";", name);
  if (!order.empty()) found.push_back({std::string(kSequence), "sampler_order", order});
  return found;
}

}  // namespace decant
