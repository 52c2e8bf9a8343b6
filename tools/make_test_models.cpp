// make_test_models OUTDIR MODEL [TYPE...]: the model files that tests and benchmarks need. Made, never shipped. MODEL
// is the default model, as a path or by its name smollm2.
//
//   smollm2-f32.gguf                the default model, every tensor widened to F32
//   smollm2-{q8_0,q4_0,q4_k_m}.gguf that file through libllama's own quantiser
//   smollm2-TYPE.gguf               so as well, for each further type asked for; "all" is all of kTypes
//   padded.gguf                     if "padded" is asked for: smollm2-q4_0 with ten times its layers, of which the
//                                   further ones add nothing: the same logits for nearly ten times the work
//   micro.gguf                      random weights, 2 layers, 512 tokens: a forward takes microseconds
//
// A file that exists is left alone. Each one is loaded and decoded once before it gets its name.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gguf.h>
#include <llama.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "hub/hub.h"

namespace fs = std::filesystem;

namespace {

using decant::Error;
using decant::ErrorKind;

template <auto release>
struct Release {
  void operator()(auto* object) const { release(object); }
};
using ModelPtr = std::unique_ptr<llama_model, Release<llama_model_free>>;
using ContextPtr = std::unique_ptr<llama_context, Release<llama_free>>;
using GgufPtr = std::unique_ptr<gguf_context, Release<gguf_free>>;
using TensorsPtr = std::unique_ptr<ggml_context, Release<ggml_free>>;

// Loads the file and decodes a few tokens; throws unless every logit is finite.
void verify(const fs::path& path) {
  const ModelPtr model(llama_model_load_from_file(path.c_str(), llama_model_default_params()));
  if (!model) throw Error(ErrorKind::internal, "{} does not load", path.string());
  llama_context_params params = llama_context_default_params();
  params.n_ctx = params.n_batch = 64;
  const ContextPtr context(llama_init_from_model(model.get(), params));
  if (!context) throw Error(ErrorKind::internal, "{}: no context for it", path.string());

  const llama_vocab* vocab = llama_model_get_vocab(model.get());
  const std::string text = "The lighthouse keeper wrote, \xc2\xab\xf0\x9f\x8c\x8a 1984\xc2\xbb";
  std::vector<llama_token> ids(64);
  const int n_ids = llama_tokenize(vocab, text.data(), static_cast<int>(text.size()), ids.data(), 64, false, true);
  if (n_ids <= 0) throw Error(ErrorKind::internal, "{} cannot tokenize its test text", path.string());
  if (llama_decode(context.get(), llama_batch_get_one(ids.data(), n_ids)) != 0) {
    throw Error(ErrorKind::internal, "{} does not decode", path.string());
  }
  const float* logits = llama_get_logits_ith(context.get(), -1);
  for (int i = 0; i < llama_vocab_n_tokens(vocab); ++i) {
    if (!std::isfinite(logits[i])) throw Error(ErrorKind::internal, "{}: logit {} is {}", path.string(), i, logits[i]);
  }
}

// `write` fills a temporary file; only a verified one is renamed to `path`.
void make(const fs::path& path, const std::function<void(const fs::path&)>& write) {
  if (fs::exists(path)) {
    fmt::print(stderr, "{} is there\n", path.string());
    return;
  }
  fmt::print(stderr, "{} ...\n", path.string());
  const fs::path partial = fmt::format("{}.{}.partial", path.string(), getpid());
  try {
    write(partial);
    verify(partial);
    fs::rename(partial, path);
  } catch (...) {
    std::error_code ignored;
    fs::remove(partial, ignored);
    throw;
  }
}

struct Type {
  std::string_view name;
  llama_ftype type;
};

constexpr Type kTypes[] = {
    {"q8_0", LLAMA_FTYPE_MOSTLY_Q8_0},     {"q4_0", LLAMA_FTYPE_MOSTLY_Q4_0},     {"q4_k_m", LLAMA_FTYPE_MOSTLY_Q4_K_M},
    {"q4_1", LLAMA_FTYPE_MOSTLY_Q4_1},     {"q5_0", LLAMA_FTYPE_MOSTLY_Q5_0},     {"q5_1", LLAMA_FTYPE_MOSTLY_Q5_1},
    {"iq4_nl", LLAMA_FTYPE_MOSTLY_IQ4_NL}, {"q5_k_m", LLAMA_FTYPE_MOSTLY_Q5_K_M}, {"q6_k", LLAMA_FTYPE_MOSTLY_Q6_K},
    {"f16", LLAMA_FTYPE_MOSTLY_F16},       {"bf16", LLAMA_FTYPE_MOSTLY_BF16},
};
constexpr std::size_t kAlways = 3;  // of them

void quantize(const fs::path& from, const fs::path& to, llama_ftype type) {
  llama_model_quantize_params params = llama_model_quantize_default_params();
  params.ftype = type;
  params.allow_requantize = true;
  if (llama_model_quantize(from.c_str(), to.c_str(), &params) != 0) {
    throw Error(ErrorKind::data, "cannot quantise {}", from.string());
  }
}

// ---------------------------------------------------------------------------------------------------- micro.gguf

constexpr int kEmbd = 64, kHeads = 2, kKeyValueHeads = 1, kHeadDim = 32, kFeedForward = 128, kLayers = 2;
constexpr std::size_t kVocab = 512;

// GPT-2's printable stand-in for a byte: itself where it prints, else the next code point from U+0100 on.
std::string byte_symbol(int byte) {
  const auto prints = [](int b) { return (b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b <= 0xff && b != 0xad); };
  int point = byte;
  if (!prints(byte)) {
    point = 0x100;
    for (int b = 0; b < byte; ++b) point += !prints(b);
  }
  if (point < 0x80) return {static_cast<char>(point)};
  return {static_cast<char>(0xc0 | point >> 6), static_cast<char>(0x80 | (point & 0x3f))};
}

std::int64_t find(const gguf_context* file, const char* key) {
  const std::int64_t id = gguf_find_key(file, key);
  if (id < 0) throw Error(ErrorKind::data, "the default model has no {}", key);
  return id;
}

void set_strings(gguf_context* file, const char* key, const std::vector<std::string>& strings) {
  std::vector<const char*> pointers;
  for (const std::string& s : strings) pointers.push_back(s.c_str());
  gguf_set_arr_str(file, key, pointers.data(), pointers.size());
}

// Byte-level BPE: three specials, all 256 bytes, then what the default vocabulary's first merges make.
void set_vocabulary(gguf_context* file, const gguf_context* source) {
  std::vector<std::string> tokens = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"};
  std::vector<std::int32_t> types(tokens.size(), 3);  // control
  for (int byte = 0; byte < 256; ++byte) tokens.push_back(byte_symbol(byte));
  std::vector<std::string> merges;
  const std::int64_t source_merges = find(source, "tokenizer.ggml.merges");
  for (std::size_t i = 0; tokens.size() < kVocab; ++i) {
    const std::string merge = gguf_get_arr_str(source, source_merges, i);
    const std::size_t space = merge.find(' ');
    tokens.push_back(merge.substr(0, space) + merge.substr(space + 1));
    merges.push_back(merge);
  }
  types.resize(tokens.size(), 1);  // normal

  gguf_set_val_str(file, "tokenizer.ggml.model", "gpt2");
  gguf_set_val_str(file, "tokenizer.ggml.pre", "smollm");
  set_strings(file, "tokenizer.ggml.tokens", tokens);
  gguf_set_arr_data(file, "tokenizer.ggml.token_type", GGUF_TYPE_INT32, types.data(), types.size());
  set_strings(file, "tokenizer.ggml.merges", merges);
  gguf_set_val_u32(file, "tokenizer.ggml.bos_token_id", 1);
  gguf_set_val_u32(file, "tokenizer.ggml.eos_token_id", 2);
  gguf_set_val_u32(file, "tokenizer.ggml.unknown_token_id", 0);
  gguf_set_val_u32(file, "tokenizer.ggml.padding_token_id", 2);
  gguf_set_val_bool(file, "tokenizer.ggml.add_bos_token", false);
  const char* chat_template = gguf_get_val_str(source, find(source, "tokenizer.chat_template"));
  gguf_set_val_str(file, "tokenizer.chat_template", chat_template);
}

void set_hyperparameters(gguf_context* file) {
  gguf_set_val_str(file, "general.architecture", "llama");
  gguf_set_val_str(file, "general.name", "micro");
  gguf_set_val_u32(file, "general.file_type", LLAMA_FTYPE_ALL_F32);
  gguf_set_val_u32(file, "llama.vocab_size", kVocab);
  gguf_set_val_u32(file, "llama.block_count", kLayers);
  gguf_set_val_u32(file, "llama.context_length", 2048);
  gguf_set_val_u32(file, "llama.embedding_length", kEmbd);
  gguf_set_val_u32(file, "llama.feed_forward_length", kFeedForward);
  gguf_set_val_u32(file, "llama.attention.head_count", kHeads);
  gguf_set_val_u32(file, "llama.attention.head_count_kv", kKeyValueHeads);
  gguf_set_val_u32(file, "llama.rope.dimension_count", kHeadDim);
  gguf_set_val_f32(file, "llama.rope.freq_base", 10000.0f);
  gguf_set_val_f32(file, "llama.attention.layer_norm_rms_epsilon", 1e-5f);
}

class RandomWeights {
 public:
  RandomWeights(gguf_context* file, ggml_context* tensors) : file_(file), tensors_(tensors) {}

  // Uniform with the given standard deviation; the same numbers with every compiler.
  void matrix(const std::string& name, int inputs, int outputs, float deviation) {
    ggml_tensor* tensor = ggml_new_tensor_2d(tensors_, GGML_TYPE_F32, inputs, outputs);
    for (std::int64_t i = 0; i < ggml_nelements(tensor); ++i) {
      const float uniform = static_cast<float>(random_() >> 8) * 0x1p-24f;
      ggml_get_data_f32(tensor)[i] = (2 * uniform - 1) * std::sqrt(3.0f) * deviation;
    }
    add(name, tensor);
  }

  void ones(const std::string& name, int size) {
    ggml_tensor* tensor = ggml_new_tensor_1d(tensors_, GGML_TYPE_F32, size);
    for (int i = 0; i < size; ++i) ggml_get_data_f32(tensor)[i] = 1.0f;
    add(name, tensor);
  }

 private:
  void add(const std::string& name, ggml_tensor* tensor) {
    ggml_set_name(tensor, name.c_str());
    gguf_add_tensor(file_, tensor);
  }

  gguf_context* file_;
  ggml_context* tensors_;
  std::mt19937 random_{20240417};
};

// Deviations keep the residual stream near 1 and the logits near 2.5: peaked enough to have a likely next token, flat
// enough that strategies disagree.
void add_weights(RandomWeights& weights) {
  weights.matrix("token_embd.weight", kEmbd, kVocab, 1.0f);
  for (int layer = 0; layer < kLayers; ++layer) {
    const std::string block = fmt::format("blk.{}.", layer);
    weights.ones(block + "attn_norm.weight", kEmbd);
    weights.matrix(block + "attn_q.weight", kEmbd, kHeads * kHeadDim, 0.2f);
    weights.matrix(block + "attn_k.weight", kEmbd, kKeyValueHeads * kHeadDim, 0.2f);
    weights.matrix(block + "attn_v.weight", kEmbd, kKeyValueHeads * kHeadDim, 0.2f);
    weights.matrix(block + "attn_output.weight", kHeads * kHeadDim, kEmbd, 0.2f);
    weights.ones(block + "ffn_norm.weight", kEmbd);
    weights.matrix(block + "ffn_gate.weight", kEmbd, kFeedForward, 0.15f);
    weights.matrix(block + "ffn_up.weight", kEmbd, kFeedForward, 0.15f);
    weights.matrix(block + "ffn_down.weight", kFeedForward, kEmbd, 0.15f);
  }
  weights.ones("output_norm.weight", kEmbd);
  weights.matrix("output.weight", kEmbd, kVocab, 0.3f);
}

void write_micro(const fs::path& source_path, const fs::path& to) {
  const GgufPtr source(gguf_init_from_file(source_path.c_str(), {.no_alloc = true, .ctx = nullptr}));
  if (!source) throw Error(ErrorKind::data, "cannot read {}", source_path.string());
  const GgufPtr file(gguf_init_empty());
  const TensorsPtr tensors(ggml_init({.mem_size = 1 << 20, .mem_buffer = nullptr, .no_alloc = false}));
  set_hyperparameters(file.get());
  set_vocabulary(file.get(), source.get());
  RandomWeights weights(file.get(), tensors.get());
  add_weights(weights);
  if (!gguf_write_to_file(file.get(), to.c_str(), false)) throw Error(ErrorKind::io, "cannot write {}", to.string());
}

// -------------------------------------------------------------------------------------------------------- padded.gguf

constexpr std::string_view kPadded = "padded";
constexpr unsigned kTimesTheDepth = 10;

// Where a block adds its results to the stream: with weights of 0 it adds nothing.
bool adds_to_the_stream(std::string_view tensor) {
  return tensor.ends_with(".attn_output.weight") || tensor.ends_with(".ffn_down.weight");
}

void add_tensor(gguf_context* file, ggml_context* headers, const ggml_tensor& like, const std::string& name,
                void* data) {
  ggml_tensor* tensor = ggml_new_tensor(headers, like.type, GGML_MAX_DIMS, like.ne);
  ggml_set_name(tensor, name.c_str());
  tensor->data = data;
  gguf_add_tensor(file, tensor);
}

// The model, and behind its blocks copies of them that do all the work and add nothing.
void write_padded(const fs::path& from_path, const fs::path& to) {
  ggml_context* read = nullptr;
  const GgufPtr from(gguf_init_from_file(from_path.c_str(), {.no_alloc = false, .ctx = &read}));
  const TensorsPtr tensors(read);
  if (!from) throw Error(ErrorKind::data, "cannot read {}", from_path.string());
  const std::uint32_t layers = gguf_get_val_u32(from.get(), find(from.get(), "llama.block_count"));
  const GgufPtr file(gguf_init_empty());
  gguf_set_kv(file.get(), from.get());
  gguf_set_val_u32(file.get(), "llama.block_count", layers * kTimesTheDepth);

  const std::int64_t n_tensors = gguf_get_n_tensors(from.get());
  const TensorsPtr headers(ggml_init(
      {.mem_size = ggml_tensor_overhead() * n_tensors * kTimesTheDepth, .mem_buffer = nullptr, .no_alloc = true}));
  std::vector<std::byte> zeros(fs::file_size(from_path));  // more than any tensor has
  for (std::int64_t i = 0; i < n_tensors; ++i) {
    const std::string name = gguf_get_tensor_name(from.get(), i);
    const ggml_tensor& tensor = *ggml_get_tensor(tensors.get(), name.c_str());
    add_tensor(file.get(), headers.get(), tensor, name, tensor.data);
    unsigned layer = 0;
    int rest = 0;  // where the name goes on behind the number
    if (std::sscanf(name.c_str(), "blk.%u%n", &layer, &rest) != 1) continue;
    void* data = adds_to_the_stream(name) ? zeros.data() : tensor.data;
    for (unsigned time = 1; time < kTimesTheDepth; ++time) {
      const std::string copy = fmt::format("blk.{}{}", layer + layers * time, name.substr(rest));
      add_tensor(file.get(), headers.get(), tensor, copy, data);
    }
  }
  if (!gguf_write_to_file(file.get(), to.c_str(), false)) throw Error(ErrorKind::io, "cannot write {}", to.string());
}

bool wanted(const Type& type, std::span<char*> names) {
  return std::ranges::any_of(names, [&](std::string_view name) { return name == type.name || name == "all"; });
}

void make_all(const fs::path& folder, const fs::path& source, std::span<char*> further) {
  for (const std::string_view name : further) {
    if (name != "all" && name != kPadded && std::ranges::find(kTypes, name, &Type::name) == std::end(kTypes)) {
      throw Error(ErrorKind::usage, "no type is called {}; there are {}, {}", name,
                  fmt::join(kTypes | std::views::transform(&Type::name), ", "), kPadded);
    }
  }
  fs::create_directories(folder);
  const fs::path f32 = folder / "smollm2-f32.gguf";
  make(folder / "micro.gguf", [&](const fs::path& to) { write_micro(source, to); });
  make(f32, [&](const fs::path& to) { quantize(source, to, LLAMA_FTYPE_ALL_F32); });
  for (const Type& type : kTypes) {
    if (&type - kTypes >= static_cast<std::ptrdiff_t>(kAlways) && !wanted(type, further)) continue;
    make(folder / fmt::format("smollm2-{}.gguf", type.name), [&](const fs::path& to) { quantize(f32, to, type.type); });
  }
  if (std::ranges::find(further, kPadded, [](const char* name) { return std::string_view(name); }) != further.end()) {
    make(folder / "padded.gguf", [&](const fs::path& to) { write_padded(folder / "smollm2-q4_0.gguf", to); });
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: make_test_models OUTDIR MODEL [TYPE...]\n");
    return static_cast<int>(ErrorKind::usage);
  }
  llama_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
  try {
    make_all(argv[1], decant::resolve_model(argv[2]), std::span(argv + 3, argv + argc));
  } catch (const Error& error) {
    fmt::print(stderr, "make_test_models: {}\n", error.what());
    return error.exit_code();
  } catch (const std::exception& error) {
    fmt::print(stderr, "make_test_models: {}\n", error.what());
    return static_cast<int>(ErrorKind::io);
  }
}
