// Tested by tests/llama/self_model_test.cpp.
#include "llama/self_model.h"

#include <llama-model.h>
#include <llama.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/memory_file.h"
#include "llama/gguf_handles.h"

namespace decant {
namespace {

constexpr std::string_view prefix = "self:";
constexpr std::string_view block = "blk.";

struct Type {
  std::string_view name;
  llama_ftype type;
};
constexpr Type types[] = {
    {"q4_0", LLAMA_FTYPE_MOSTLY_Q4_0},     {"q4_1", LLAMA_FTYPE_MOSTLY_Q4_1},     {"q5_0", LLAMA_FTYPE_MOSTLY_Q5_0},
    {"q5_1", LLAMA_FTYPE_MOSTLY_Q5_1},     {"q8_0", LLAMA_FTYPE_MOSTLY_Q8_0},     {"q2_k", LLAMA_FTYPE_MOSTLY_Q2_K},
    {"q3_k_s", LLAMA_FTYPE_MOSTLY_Q3_K_S}, {"q3_k_m", LLAMA_FTYPE_MOSTLY_Q3_K_M}, {"q3_k_l", LLAMA_FTYPE_MOSTLY_Q3_K_L},
    {"q4_k_s", LLAMA_FTYPE_MOSTLY_Q4_K_S}, {"q4_k_m", LLAMA_FTYPE_MOSTLY_Q4_K_M}, {"q5_k_s", LLAMA_FTYPE_MOSTLY_Q5_K_S},
    {"q5_k_m", LLAMA_FTYPE_MOSTLY_Q5_K_M}, {"q6_k", LLAMA_FTYPE_MOSTLY_Q6_K},     {"iq4_nl", LLAMA_FTYPE_MOSTLY_IQ4_NL},
    {"iq4_xs", LLAMA_FTYPE_MOSTLY_IQ4_XS}, {"f16", LLAMA_FTYPE_MOSTLY_F16},       {"bf16", LLAMA_FTYPE_MOSTLY_BF16},
    {"f32", LLAMA_FTYPE_ALL_F32}};

std::optional<int> layers_of(std::string_view what) {
  int layers = 0;
  const auto [end, error] = std::from_chars(what.data(), what.data() + what.size(), layers);
  return error == std::errc() && end == what.data() + what.size() ? std::optional(layers) : std::nullopt;
}

std::optional<llama_ftype> type_of(std::string_view what) {
  std::string lower(what);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const Type& each : types) {
    if (each.name == lower) return each.type;
  }
  return std::nullopt;
}

// Models whose first layers libllama would read or compute otherwise than the whole does, in a way that no number in
// memory can put right: which tensors there are, or a graph that counts layers (n_layer in libllama's src/models).
struct Indivisible {
  std::string_view architecture;
  bool (*is)(const LlamaFile& whole, int layers);
  std::string_view why;
};

bool always(const LlamaFile&, int) { return true; }
bool repeats_layers(const LlamaFile& whole, int) { return llama_model_n_layer(whole.handle()) > whole.info().n_layer; }
bool has_one_table(const LlamaFile& whole, int) { return whole.handle()->per_layer_tok_embd != nullptr; }

// Whether its queries come of one product or of two. Files do not say it.
bool is_taken_for_another(const LlamaFile& whole, int layers) {
  const bool one = layers == 26 || layers == 27 || (layers == 48 && whole.vocab().size() == 128256);
  return one != (whole.handle()->layers.front().wq != nullptr);
}

bool loses_norms(const LlamaFile& whole, int layers) {
  return layers < 64 && whole.handle()->layers.front().attn_q_norm != nullptr;
}

constexpr Indivisible indivisible[] = {
    {"deepseek2", is_taken_for_another, "libllama tells by their number, 26, 27 or 48, how queries are projected"},
    {"command-r", loses_norms, "libllama reads the norms of queries and keys only where there are 64 or more"},
    {"minicpm3", always, "what a layer adds is scaled by their number"},
    {"minimax-01", always, "how fast a layer forgets is told by their number"},
    {"gemma3n", always, "what each adds to a token is in one table for all"},
    {"gemma4", has_one_table, "what each adds to a token is in one table for all"},
    {"nanbeige", repeats_layers, "a text goes through them several times"},
    {"hrm_text", always, "a text goes through them several times"},
    {"graniteswitch", always, "its adapters are for all of them"},
};

std::string_view why_indivisible(const LlamaFile& whole, int layers) {
  if (layers == whole.info().n_layer) return {};
  for (const Indivisible& each : indivisible) {
    if (each.architecture == whole.info().architecture && each.is(whole, layers)) return each.why;
  }
  return {};
}

// "blk.12.attn_q.weight" -> 12
std::optional<int> layer_of(std::string_view tensor) {
  if (!tensor.starts_with(block)) return std::nullopt;
  tensor.remove_prefix(block.size());
  return layers_of(tensor.substr(0, tensor.find('.')));
}

// ("blk.12.attn_q.weight", 3) -> "blk.3.attn_q.weight"
std::string in_layer(std::string_view tensor, int layer) {
  return fmt::format("{}{}{}", block, layer, tensor.substr(tensor.find('.', block.size())));
}

std::size_t size_of(gguf_type type) {
  switch (type) {
    case GGUF_TYPE_UINT8:
    case GGUF_TYPE_INT8:
    case GGUF_TYPE_BOOL:
      return 1;
    case GGUF_TYPE_UINT16:
    case GGUF_TYPE_INT16:
      return 2;
    case GGUF_TYPE_UINT64:
    case GGUF_TYPE_INT64:
    case GGUF_TYPE_FLOAT64:
      return 8;
    default:
      return 4;
  }
}

// The metadata, with what is said layer by layer said of these only.
void copy_metadata(const gguf_context* from, gguf_context* to, const std::string& architecture, int n_layer,
                   Layers layers) {
  gguf_set_kv(to, from);
  const std::string block_count = architecture + ".block_count", extra = architecture + ".nextn_predict_layers";
  gguf_set_val_u32(to, block_count.c_str(), static_cast<std::uint32_t>(layers.count));
  if (gguf_find_key(to, extra.c_str()) >= 0) gguf_set_val_u32(to, extra.c_str(), 0);
  for (std::int64_t key = 0; key < gguf_get_n_kv(from); ++key) {
    const char* name = gguf_get_key(from, key);
    if (gguf_get_kv_type(from, key) != GGUF_TYPE_ARRAY || !std::string_view(name).starts_with(architecture + "."))
      continue;
    if (std::string_view(name).ends_with("dimension_sections")) continue;  // four, of a rotation
    if (gguf_get_arr_n(from, key) != static_cast<std::size_t>(n_layer)) continue;
    const gguf_type type = gguf_get_arr_type(from, key);
    if (type == GGUF_TYPE_STRING) continue;
    const auto* values = static_cast<const char*>(gguf_get_arr_data(from, key));
    const std::size_t size = size_of(type);
    gguf_set_arr_data(to, name, type, values + static_cast<std::size_t>(layers.first) * size,
                      static_cast<std::size_t>(layers.count));
  }
}

// A file of these layers, with a hole in place of the weights.
void write_layers(const LlamaFile& whole, Layers layers, MemoryFile& out) {
  ggml_context* infos = nullptr;
  const gguf_init_params params{.no_alloc = true, .ctx = &infos};
  const Gguf from(gguf_init_from_file(whole.path().c_str(), params));
  const Tensors tensors(infos);
  if (!from) throw Error(ErrorKind::data, "{} cannot be read again", whole.path().string());
  const Gguf to(gguf_init_empty());
  copy_metadata(from.get(), to.get(), whole.info().architecture, whole.info().n_layer, layers);
  const std::size_t alignment = gguf_get_alignment(to.get());
  std::size_t size = 0;
  for (std::int64_t i = 0; i < gguf_get_n_tensors(from.get()); ++i) {
    ggml_tensor tensor = *ggml_get_tensor(tensors.get(), gguf_get_tensor_name(from.get(), i));
    if (const std::optional<int> layer = layer_of(tensor.name)) {
      if (*layer < layers.first || *layer >= layers.first + layers.count) continue;
      ggml_set_name(&tensor, in_layer(tensor.name, *layer - layers.first).c_str());
    }
    gguf_add_tensor(to.get(), &tensor);
    size += (gguf_get_tensor_size(from.get(), i) + alignment - 1) / alignment * alignment;
  }
  std::string header(gguf_get_meta_size(to.get()), '\0');
  gguf_get_meta_data(to.get(), header.data());
  out.append(header);
  out.append_hole(size);
}

void write_quantised(const LlamaFile& whole, llama_ftype type, std::string_view name, const ModelOptions& options,
                     MemoryFile& out) {
  llama_model_quantize_params params = llama_model_quantize_default_params();
  params.ftype = type;
  params.allow_requantize = true;
  params.nthread = options.threads;
  if (llama_model_quantize(whole.path().c_str(), out.path().c_str(), &params) != 0) {
    throw Error(ErrorKind::unavailable, "{}: libllama cannot quantise {} to that", name, whole.path().string());
  }
}

}  // namespace

std::shared_ptr<const LlamaFile> load_layers(const std::shared_ptr<const LlamaFile>& whole, Layers layers,
                                             const std::string& name, const ModelOptions& options) {
  MemoryFile file("decant");
  write_layers(*whole, layers, file);
  return std::make_shared<const LlamaFile>(file.path(), options, nullptr, name, SharedWeights{whole, layers.first});
}

bool is_self_model(std::string_view name) { return name.starts_with(prefix); }

int self_layers(std::string_view name) {
  return is_self_model(name) ? layers_of(name.substr(prefix.size())).value_or(0) : 0;
}

std::shared_ptr<const LlamaFile> load_self_model(std::string_view name, const std::shared_ptr<const LlamaFile>& whole,
                                                 const ModelOptions& options) {
  const std::string_view what = name.substr(prefix.size());
  const auto layers = layers_of(what);
  const auto type = type_of(what);
  const int n_layer = llama_model_n_layer(whole->handle());
  if (!layers && !type) {
    throw Error(
        ErrorKind::usage,
        "{} is no model: self: is followed by a number of layers or a type (self:{}, self:q4_0, self:q8_0, ...)", name,
        std::max(1, n_layer / 2));
  }
  if (layers && (*layers < 1 || *layers > n_layer)) {
    throw Error(ErrorKind::usage, "{}: {} has 1 to {} layers to take", name, whole->name(), n_layer);
  }
  if (const std::string_view why = layers ? why_indivisible(*whole, *layers) : std::string_view(); !why.empty()) {
    throw Error(ErrorKind::unavailable,
                "{}: the first layers of {} are no model by themselves: {}; use a type (self:q4_0), or another model",
                name, whole->name(), why);
  }
  if (whole->info().n_splits > 1) {
    throw Error(ErrorKind::unavailable, "{}: {} lies in {} files, and only a model in one can be taken apart", name,
                whole->name(), whole->info().n_splits);
  }
  const std::string own_name = whole->name() + "-" + std::string(what);
  if (layers) {
    try {
      return load_layers(whole, {0, *layers}, own_name, options);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::data) throw;
      throw Error(ErrorKind::unavailable,
                  "{}: libllama takes the first layers of {} for no model (it says: {}); use a type (self:q4_0), or "
                  "another model",
                  name, whole->name(), error.what());
    }
  }
  MemoryFile file("decant");
  write_quantised(*whole, *type, name, options, file);
  return std::make_shared<const LlamaFile>(file.path(), options, nullptr, own_name);
}

}  // namespace decant
