// Tested by tests/model/llama_model_test.cpp.
#include "model/llama_model.h"

#include <fmt/ranges.h>
#include <ggml-cpu.h>
#include <llama-ext.h>
#include <llama.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <thread>

#include "base/error.h"
#include "kernels/hook.h"
#include "model/exactness.h"
#include "model/layer_head.h"
#include "model/llama_grammar.h"
#include "model/threads.h"

namespace decant {
namespace {

constexpr int kDefaultCells = 8192;
constexpr int kCellStep = 256;      // libllama rounds the cache up to this
constexpr int kMaxSequences = 256;  // LLAMA_MAX_SEQ
constexpr int kMaxOutputs = 64;     // more would only make the output buffer larger than a batch is likely to need

std::string log_errors;  // what libllama complained of in the call under way, for our own message

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

void start_backend() {
  static const bool started = [] {
    check_cpu();
    llama_log_set(
        [](ggml_log_level level, const char* text, void*) {
          if (level == GGML_LOG_LEVEL_ERROR) log_errors += text;
        },
        nullptr);
    llama_backend_init();
    kernels::install();
    return true;
  }();
  (void)started;
}

std::string because() {
  std::string text = log_errors;
  while (text.ends_with('\n')) text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text.empty() ? "" : " (" + text + ")";
}

int thread_count(const ModelOptions& options) {
  return options.threads > 0 ? options.threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

ggml_type cache_type(const ModelOptions& options, const GgufInfo& info) {
  if (options.cache_type == "f32") return GGML_TYPE_F32;
  if (options.cache_type == "f16") return GGML_TYPE_F16;
  if (options.cache_type == "q8_0") return GGML_TYPE_Q8_0;
  return info.all_f32 && !options.exact ? GGML_TYPE_F32 : GGML_TYPE_F16;
}

// Flash attention converts an F32 cache to F16, so an F32 file, which is run to be near a reference, goes without by
// default; but only flash attention is ours (--exact).
llama_flash_attn_type flash_attention(const ModelOptions& options, const GgufInfo& info) {
  if (options.flash_attn == "on") return LLAMA_FLASH_ATTN_TYPE_ENABLED;
  if (options.flash_attn == "off") return LLAMA_FLASH_ATTN_TYPE_DISABLED;
  const bool plain = info.all_f32 && !options.exact && !ggml_is_quantized(cache_type(options, info));
  return plain ? LLAMA_FLASH_ATTN_TYPE_DISABLED : LLAMA_FLASH_ATTN_TYPE_ENABLED;
}

// libllama hands out the inputs of layers for some architectures, and aborts for the rest. None of these has a scale,
// soft cap or bias behind the output matrix, so their logits are those of LayerHead.
bool hands_out_layers(std::string_view architecture) {
  return architecture == "llama" || architecture == "qwen3" || architecture == "qwen3moe";
}

}  // namespace

// ---- vocabulary -----------------------------------------------------------------------------------------------------

LlamaVocab::LlamaVocab(const llama_vocab* vocab, const GgufInfo& info)
    : vocab_(vocab), size_(llama_vocab_n_tokens(vocab)), bytes_(static_cast<std::size_t>(size_)) {
  for (const auto& token : {info.eos, info.eot, info.eom}) {
    if (token && std::find(eos_.begin(), eos_.end(), *token) == eos_.end()) eos_.push_back(*token);
  }
}

std::string LlamaVocab::token_text(Token token) const {
  std::string text(32, '\0');
  const auto write = [&] {
    return llama_token_to_piece(vocab_, token, text.data(), static_cast<std::int32_t>(text.size()), 0, false);
  };
  int length = write();
  if (length < 0) {
    text.resize(static_cast<std::size_t>(-length));
    length = write();
  }
  text.resize(static_cast<std::size_t>(length));
  return text;
}

std::string_view LlamaVocab::bytes(Token token) const {
  auto& bytes = bytes_.at(static_cast<std::size_t>(token));
  if (!bytes) bytes = token_text(token);
  return *bytes;
}

std::string_view LlamaVocab::piece(Token token) const { return llama_vocab_get_text(vocab_, token); }

std::vector<Token> LlamaVocab::tokenize(std::string_view text, bool special, bool add_bos) const {
  std::vector<Token> tokens(text.size() + 2);
  const auto write = [&] {
    return llama_tokenize(vocab_, text.data(), static_cast<std::int32_t>(text.size()), tokens.data(),
                          static_cast<std::int32_t>(tokens.size()), add_bos, special);
  };
  int count = write();
  if (count < 0) {
    tokens.resize(static_cast<std::size_t>(-count));
    count = write();
  }
  tokens.resize(static_cast<std::size_t>(std::max(count, 0)));
  // add_bos is libllama's add_special, which may also append an end-of-sequence token: nothing to continue after that.
  if (add_bos && llama_vocab_get_add_eos(vocab_) && !tokens.empty() && tokens.back() == llama_vocab_eos(vocab_)) {
    tokens.pop_back();
  }
  return tokens;
}

std::unique_ptr<const Grammar> LlamaVocab::grammar(std::string_view gbnf, std::span<const Token> end) const {
  GrammarRules rules = parse_gbnf(gbnf);
  if (!trie_) trie_ = std::make_shared<const TokenTrie>(*this);
  return make_grammar(std::move(rules), *this, trie_, end.empty() ? eos_ : std::vector(end.begin(), end.end()));
}

std::vector<Token> LlamaVocab::end_of_turn(std::string_view chat_template) const {
  std::vector<Token> tokens = eos_;
  for (Token token = 0; token < size_; ++token) {
    if (!llama_vocab_is_eog(vocab_, token) || chat_template.find(piece(token)) == std::string_view::npos) continue;
    if (std::find(tokens.begin(), tokens.end(), token) == tokens.end()) tokens.push_back(token);
  }
  return tokens;
}

std::string LlamaVocab::bos_text() const {
  const Token bos = llama_vocab_bos(vocab_);
  return bos < 0 ? "" : std::string(piece(bos));
}

std::string LlamaVocab::eos_text() const {
  const Token eos = llama_vocab_eos(vocab_);
  return eos < 0 ? "" : std::string(piece(eos));
}

// ---- file -----------------------------------------------------------------------------------------------------------

LlamaFile::LlamaFile(const std::filesystem::path& path, const ModelOptions& options,
                     const std::function<void(float)>& progress, std::string name)
    : path_(path), name_(name.empty() ? path.stem().string() : std::move(name)), info_(check_gguf(path)) {
  start_backend();
  log_errors.clear();
  if (options.kernels == "on" && !kernels::active_isa()) kernels::use_isa(kernels::Isa::plain);
  if (options.exact) check_exact_options(options);
  kernels::take_weights(options.kernels != "off");
  llama_model_params params = llama_model_default_params();
  params.n_gpu_layers = options.n_gpu_layers;
  ggml_backend_dev_t no_devices[] = {nullptr};  // with 0 layers libllama would still send large batches to a device
  if (options.exact) params.devices = no_devices;
  if (progress) {
    params.progress_callback_user_data = const_cast<std::function<void(float)>*>(&progress);
    params.progress_callback = [](float done, void* function) {
      (*static_cast<const std::function<void(float)>*>(function))(done);
      return true;
    };
  }
  model_ = llama_model_load_from_file(path.c_str(), params);
  if (!model_) throw Error(ErrorKind::data, "{} cannot be loaded{}", path.string(), because());
  const auto refuse = [&](const char* what) {
    llama_model_free(std::exchange(model_, nullptr));
    throw Error(ErrorKind::unavailable, "{} is {}: decant runs decoder-only transformers", path.string(), what);
  };
  if (llama_model_has_encoder(model_)) refuse("an encoder-decoder model");
  if (!llama_model_has_decoder(model_)) refuse("an encoder");
  if (llama_model_is_recurrent(model_) || llama_model_is_hybrid(model_))
    refuse("a recurrent model, which cannot branch");
  if (llama_model_is_diffusion(model_)) refuse("a diffusion model");
  vocab_ = std::make_unique<LlamaVocab>(llama_model_get_vocab(model_), info_);
}

LlamaFile::~LlamaFile() { llama_model_free(model_); }

std::optional<std::string> LlamaFile::chat_template() const {
  const char* text = llama_model_chat_template(model_, nullptr);
  return text ? std::optional<std::string>(text) : std::nullopt;
}

int LlamaFile::trained_context() const { return llama_model_n_ctx_train(model_); }

std::uint64_t LlamaFile::weight_bytes() const { return llama_model_size(model_); }

// ---- model ----------------------------------------------------------------------------------------------------------

LlamaModel::LlamaModel(std::shared_ptr<const LlamaFile> file, const ModelOptions& options, int cells, int sequences)
    : file_(std::move(file)) {
  const GgufInfo& gguf = file_->info();
  const bool ours = options.kernels != "off" && kernels::active_isa();
  left_is_known_ = !ours;
  ours_ = ours;
  if (cells == 0) cells = options.ctx_size;
  if (cells == 0) cells = std::min(file_->trained_context(), kDefaultCells);
  cells = (cells + kCellStep - 1) / kCellStep * kCellStep;

  llama_context_params params = llama_context_default_params();
  params.n_ctx = static_cast<std::uint32_t>(cells);
  sequences = std::clamp(sequences, 1, kMaxSequences);
  params.n_seq_max = static_cast<std::uint32_t>(sequences);
  // A batch must hold a row for each sequence: libllama aborts otherwise.
  params.n_batch = params.n_ubatch =
      static_cast<std::uint32_t>(std::min(cells, std::max(options.prefill_chunk_size + kMaxOutputs, sequences)));
  params.kv_unified = true;
  params.swa_full = true;  // branches and rollback need the positions that a sliding window would forget
  params.n_threads = params.n_threads_batch = thread_count(options);
  params.type_k = params.type_v = cache_type(options, gguf);
  params.flash_attn_type = flash_attention(options, gguf);
  params.no_perf = true;
  params.cb_eval = watch;
  params.cb_eval_user_data = this;
  if (ggml_is_quantized(params.type_v) && params.flash_attn_type == LLAMA_FLASH_ATTN_TYPE_DISABLED) {
    throw Error(ErrorKind::usage,
                "a {} cache needs flash attention: drop --flash-attn off or take another --cache-type",
                ggml_type_name(params.type_v));
  }
  log_errors.clear();
  context_ = llama_init_from_model(file_->handle(), params);
  if (!context_) {
    throw Error(ErrorKind::unavailable, "no context of {} positions could be made for {}{}: try a smaller --ctx-size",
                cells, file_->path().string(), because());
  }
  threads_ = std::make_unique<Threads>(context_, params.n_threads);
  if (options.exact) {
    try {
      check_exact_graphs(context_, file_->path());
    } catch (...) {
      llama_free(context_);
      throw;
    }
  }
  const llama_model* model = file_->handle();
  info_ = {.name = file_->name(),
           .n_vocab = vocab().size(),
           .n_embd = llama_model_n_embd(model),
           .n_layer = llama_model_n_layer(model),
           .n_cells = static_cast<int>(llama_n_ctx(context_)),
           .n_context = std::min(file_->trained_context(), static_cast<int>(llama_n_ctx(context_))),
           .max_sequences = sequences,
           .max_rows = static_cast<int>(params.n_batch),
           .max_outputs = std::min(kMaxOutputs, static_cast<int>(params.n_batch)),
           .tied_embeddings = gguf.tied_embeddings,
           .has_layers = hands_out_layers(gguf.architecture)};
  description_ =
      fmt::format("{} cache of {} positions, {} attention, {} threads, {} kernels", ggml_type_name(params.type_k),
                  info_.n_cells, params.flash_attn_type == LLAMA_FLASH_ATTN_TYPE_DISABLED ? "plain" : "flash",
                  params.n_threads, ours ? kernels::isa_name(*kernels::active_isa()) : "ggml's");
  layer_inputs_.resize(static_cast<std::size_t>(info_.n_layer));
}

LlamaModel::~LlamaModel() { llama_free(context_); }

std::string LlamaModel::describe() const {
  return left_.empty() ? description_ : fmt::format("{}; ggml computes {}", description_, fmt::join(left_, ", "));
}

int LlamaModel::threads() const { return llama_n_threads(context_); }

void LlamaModel::copy_sequence(SeqId from, SeqId to, int end) {
  llama_memory_seq_cp(llama_get_memory(context_), from, to, 0, end);
}

void LlamaModel::trim_sequence(SeqId sequence, int begin) {
  llama_memory_seq_rm(llama_get_memory(context_), sequence, begin, -1);
}

// Called by ggml for every tensor of a graph, first to ask whether it is to be shown, then to show it. False then:
// enough.
bool LlamaModel::watch(ggml_tensor* tensor, bool ask, void* self) {
  if (!ask) return false;
  const std::string_view name = ggml_get_name(tensor);  // of the last hidden states; the other where they are returned
  return static_cast<LlamaModel*>(self)->stops_at_head_ && (name == "result_norm" || name == "result_embd_pooled");
}

void LlamaModel::forward(std::span<const Row> rows) {
  const std::size_t n = rows.size();
  tokens_.resize(n);
  positions_.resize(n);
  sequence_counts_.resize(n);
  sequences_.resize(n);
  outputs_.resize(n);
  bool hidden = false, layers = false, spares_logits = false;
  for (std::size_t i = 0; i < n; ++i) {
    const Row& row = rows[i];
    tokens_[i] = row.token;
    positions_[i] = row.position;
    sequence_counts_[i] = static_cast<std::int32_t>(row.sequences.size());
    sequences_[i] = const_cast<SeqId*>(row.sequences.data());
    outputs_[i] = row.outputs && (row.outputs->logits || row.outputs->hidden);
    if (!row.outputs) continue;
    hidden |= row.outputs->hidden;
    spares_logits |= row.outputs->hidden && !row.outputs->logits;
    for (const int layer : row.outputs->layers) {
      assert(0 <= layer && layer < info_.n_layer);
      layers = true;
      if (!layer_inputs_[static_cast<std::size_t>(layer)]) {
        llama_set_embeddings_layer_inp(context_, static_cast<std::uint32_t>(layer), true);
        layer_inputs_[static_cast<std::size_t>(layer)] = true;
      }
    }
  }
  if (hidden != hidden_) {  // libllama then returns them for every row of a batch, so only while they are wanted
    llama_set_embeddings(context_, hidden);
    hidden_ = hidden;
  }

  stops_at_head_ = spares_logits && info_.has_layers;
  const llama_batch batch{.n_tokens = static_cast<std::int32_t>(n),
                          .token = tokens_.data(),
                          .embd = nullptr,
                          .pos = positions_.data(),
                          .n_seq_id = sequence_counts_.data(),
                          .seq_id = sequences_.data(),
                          .logits = outputs_.data()};
  log_errors.clear();
  if (!left_is_known_) kernels::watch(true);
  const int status = [&] {
    const kernels::AttentionScope scope(ours_);
    const Threads::Turn turn(*threads_);
    return llama_decode(context_, batch);
  }();
  if (status != 0) {
    throw Error(ErrorKind::internal, "libllama could not evaluate a batch of {} rows: status {}{}", n, status,
                because());
  }
  if (!left_is_known_) {
    kernels::watch(false);
    left_ = kernels::left_to_ggml();
    left_is_known_ = true;
  }
  layers_.clear();
  if (layers || stops_at_head_) apply_head(rows);
}

// One product for all rows and layers of the batch; for the last hidden state too, as layer n_layer, where libllama has
// stopped before its output head: with hidden states it would compute the logits of every row.
void LlamaModel::apply_head(std::span<const Row> rows) {
  if (!head_) head_ = std::make_unique<LayerHead>(file_->handle(), llama_n_threads(context_));
  const auto n_embd = static_cast<std::size_t>(info_.n_embd), n_vocab = static_cast<std::size_t>(info_.n_vocab);
  std::vector<float> states;
  layers_.assign(rows.size(), {});
  std::size_t count = 0;
  const auto add = [&](std::size_t row, int layer, const float* state) {
    states.insert(states.end(), state, state + n_embd);
    layers_[row].emplace_back(layer, count++ * n_vocab);
  };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].outputs) continue;
    for (const int layer : rows[i].outputs->layers) {
      add(i, layer, llama_get_embeddings_layer_inp(context_, static_cast<std::uint32_t>(layer)) + i * n_embd);
    }
    if (stops_at_head_ && rows[i].outputs->logits) add(i, info_.n_layer, hidden(static_cast<int>(i)).data());
  }
  layer_logits_.resize(count * n_vocab);
  if (count > 0) head_->apply(states, layer_logits_);
}

std::span<const float> LlamaModel::logits(int row) const {
  if (stops_at_head_) return layer_logits(row, info_.n_layer);
  return {llama_get_logits_ith(context_, row), static_cast<std::size_t>(info_.n_vocab)};
}

std::span<const float> LlamaModel::hidden(int row) const {
  return {llama_get_embeddings_ith(context_, row), static_cast<std::size_t>(info_.n_embd)};
}

std::span<const float> LlamaModel::layer_logits(int row, int layer) const {
  for (const auto& [each, offset] : layers_[static_cast<std::size_t>(row)]) {
    if (each == layer) return std::span(layer_logits_).subspan(offset, static_cast<std::size_t>(info_.n_vocab));
  }
  assert(false && "layer logits were not asked for");
  return {};
}

}  // namespace decant
