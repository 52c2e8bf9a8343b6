// Tested by tests/llama/llama_model_test.cpp.
#include "llama/llama_model.h"

#include <fmt/ranges.h>
#include <ggml.h>
#include <llama-ext.h>
#include <llama.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <thread>

#include "base/error.h"
#include "kernels/hook.h"
#include "llama/exactness.h"
#include "llama/layer_head.h"
#include "llama/library.h"
#include "llama/threads.h"

namespace decant {
namespace {

constexpr int kDefaultCells = 8192;
constexpr int kCellStep = 256;      // libllama rounds the cache up to this
constexpr int kMaxSequences = 256;  // LLAMA_MAX_SEQ
constexpr int kMaxOutputs = 64;     // more would only make the output buffer larger than a batch is likely to need

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
  const Complaints complaints;
  context_ = llama_init_from_model(file_->handle(), params);
  if (!context_) {
    throw Error(ErrorKind::unavailable, "no context of {} positions could be made for {}{}: try a smaller --ctx-size",
                cells, file_->path().string(), complaints.because());
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
  const Complaints complaints;
  if (!left_is_known_) kernels::watch(true);
  const int status = [&] {
    const kernels::AttentionScope scope(ours_);
    const Threads::Turn turn(*threads_);
    return llama_decode(context_, batch);
  }();
  if (status != 0) {
    throw Error(ErrorKind::internal, "libllama could not evaluate a batch of {} rows: status {}{}", n, status,
                complaints.because());
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
