// Tested by tests/llama/self_model_test.cpp.
#include "llama/self_model.h"

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

// libllama takes what kind of model this is from its number of layers, and some models have only that: 0 where it
// does not matter, else a number for each kind. (hparams.n_layer() and LLM_TYPE_* in libllama's src/models.)
int kind_by_layers(std::string_view architecture, int layers) {
  const auto index_in = [layers](std::initializer_list<int> special) {
    const auto* found = std::find(special.begin(), special.end(), layers);
    return found == special.end() ? 0 : static_cast<int>(found - special.begin()) + 1;
  };
  if (architecture == "gemma2") return index_in({46});                 // the scale of attention
  if (architecture == "gemma3") return index_in({62});                 // likewise
  if (architecture == "exaone4") return index_in({64});                // sliding windows
  if (architecture == "baichuan") return index_in({32, 40});           // positions, or ALiBi
  if (architecture == "deepseek2") return index_in({26, 27, 47, 48});  // a projection of the query; the gate
  return 0;
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
  const int n_layer = whole->info().n_layer;
  if (!layers && !type) {
    throw Error(
        ErrorKind::usage,
        "{} is no model: self: is followed by a number of layers or a type (self:{}, self:q4_0, self:q8_0, ...)", name,
        std::max(1, n_layer / 2));
  }
  if (layers && (*layers < 1 || *layers > n_layer)) {
    throw Error(ErrorKind::usage, "{}: {} has 1 to {} layers to take", name, whole->name(), n_layer);
  }
  const std::string& architecture = whole->info().architecture;
  if (layers && kind_by_layers(architecture, *layers) != kind_by_layers(architecture, n_layer)) {
    throw Error(
        ErrorKind::unavailable,
        "{}: libllama tells what kind of {} model {} is by its {} layers, and would take {} of them for another "
        "kind: use a type (self:q4_0), or another model",
        name, architecture, whole->name(), n_layer, *layers);
  }
  if (whole->info().n_splits > 1) {
    throw Error(ErrorKind::unavailable, "{}: {} lies in {} files, and only a model in one can be taken apart", name,
                whole->name(), whole->info().n_splits);
  }
  const std::string own_name = whole->name() + "-" + std::string(what);
  if (layers) return load_layers(whole, {0, *layers}, own_name, options);
  MemoryFile file("decant");
  write_quantised(*whole, *type, name, options, file);
  return std::make_shared<const LlamaFile>(file.path(), options, nullptr, own_name);
}

}  // namespace decant
