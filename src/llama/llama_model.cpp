// Tested by tests/llama/llama_model_test.cpp.
#include "llama/llama_model.h"

#include <fmt/ranges.h>
#include <ggml.h>
#include <llama-context.h>
#include <llama-ext.h>
#include <llama-graph.h>
#include <llama-kv-cache-iswa.h>
#include <llama-model.h>
#include <llama.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

#include "base/cpus.h"
#include "base/error.h"
#include "kernels/hook.h"
#include "llama/damage.h"
#include "llama/exactness.h"
#include "llama/kinds.h"
#include "llama/layer_head.h"
#include "llama/library.h"
#include "llama/threads.h"
#include "model/inner_layers.h"
#include "model/unwanted.h"

namespace decant {
namespace {

constexpr int kDefaultCells = 8192;
constexpr int kCellStep = 256;  // libllama rounds the cache up to this
constexpr std::int64_t kMostSteps = std::numeric_limits<int>::max() / kCellStep;
constexpr int kMaxSequences = 256;  // LLAMA_MAX_SEQ
constexpr int kAborted = 2;         // of llama_decode() and llama_encode()
constexpr int kMaxOutputs = 64;     // more would only make the output buffer larger than a batch is likely to need

// Below, one thread reads all weights before several have met at a forward's hundreds of operations.
constexpr std::uint64_t kSharedBytes = 8 << 20;

// More threads than CPUs would only take turns.
int thread_count(const ModelOptions& options, const llama_model* model) {
  if (llama_model_size(model) < kSharedBytes) return 1;
  return options.threads > 0 ? std::min(options.threads, usable_cpus()) : usable_cpus();
}

// What a new context has made to see how much memory it takes.
ggml_cgraph* reserved_graph(const llama_context* context) { return context->get_gf_res_reserve()->get_gf(); }

bool computes_all(ggml_cgraph* graph, kernels::Isa isa) {
  for (int i = 0; i < ggml_graph_n_nodes(graph); ++i) {
    const ggml_tensor* op = ggml_graph_node(graph, i);
    if (!kernels::covers(op, isa) && kernels::left_to_ggml(op)) return false;
  }
  return true;
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

// Whether a state of the residual stream may stand in place of a token's embedding, which others scale or add to.
bool reads_states(std::string_view architecture) {
  return architecture == "llama" || architecture == "qwen3" || architecture == "qwen3moe";
}

// Whether a graph that returns hidden states ends there.
bool has_either(std::string_view architecture) { return architecture == "lfm2" || architecture == "lfm2moe"; }

// Whether what was left to ggml reads other sequences' cells.
bool attends(const std::string& op) { return op == "SOFT_MAX" || op == "FLASH_ATTN_EXT"; }

// Whether two rows are both of tokens, or both of states: libllama takes one kind at a time.
bool same_kind(const Row& a, const Row& b) { return a.state.empty() == b.state.empty(); }

bool same_sequence(const Row& a, const Row& b) { return a.sequences[0] == b.sequences[0]; }

// Bytes that a sequence keeps of a text in place of cells.
std::uint64_t state_bytes(const llama_model& model) {
  std::uint64_t values = 0;
  for (std::uint32_t layer = 0; layer < model.hparams.n_layer(); ++layer) {
    if (model.hparams.is_recr(layer)) values += model.hparams.n_embd_r() + model.hparams.n_embd_s();
  }
  return values * sizeof(float);
}

std::span<const float> of_layer(const std::vector<std::pair<int, std::vector<float>>>& all, int layer) {
  for (const auto& [each, values] : all) {
    if (each == layer) return values;
  }
  assert(false && "a layer that was not asked for");
  return {};
}

double memory_bytes() {
  return static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

int affordable(int sequences, const llama_model& model, int rewind) {
  const double each = static_cast<double>(state_bytes(model)) * (1 + rewind);
  return each > 0 ? static_cast<int>(std::clamp(memory_bytes() / 4 / each, 2.0, double(sequences))) : sequences;
}

// Of layers with a sliding window, as libllama reckons where they are apart: a window for each sequence, and a batch.
std::uint64_t window_cells(const llama_hparams& hparams, int sequences, int rows) {
  const std::uint64_t cells =
      std::uint64_t{hparams.n_swa} * static_cast<unsigned>(sequences) + static_cast<unsigned>(rows);
  return (cells + kCellStep - 1) / kCellStep * kCellStep;
}

// The cells of those layers, where libllama has them apart.
llama_kv_cache* windows_of(const llama_context* context) {
  auto* memory = dynamic_cast<llama_kv_cache_iswa*>(context->get_memory());
  return memory ? memory->get_swa() : nullptr;
}

// The first position that a row at `position` sees in a layer with a window.
llama_pos first_seen(const llama_hparams& hparams, llama_pos position) {
  const auto window = static_cast<llama_pos>(hparams.n_swa);
  return hparams.swa_type == LLAMA_SWA_TYPE_CHUNKED ? position / window * window : position - window + 1;
}

// A batch must hold a row for each sequence: libllama aborts otherwise.
int most_rows(const ModelOptions& options, int cells, int sequences) {
  return std::max(std::min(options.prefill_chunk_size, cells) + kMaxOutputs, sequences);
}

// Bytes that a layer keeps of a token.
double cell_bytes(const llama_model* model, ggml_type type) {
  const int heads = llama_model_n_head(model);
  if (heads <= 0) return 0;
  const int width = llama_model_n_embd(model) / heads * std::max(1, static_cast<int>(llama_model_n_head_kv(model)));
  return 2.0 * width * static_cast<double>(ggml_type_size(type)) / static_cast<double>(ggml_blck_size(type));
}

// A cache that this machine cannot hold would be ended by the system, without a word, once it is used.
void check_cache_fits(const llama_model* model, const llama_context_params& params, const LlamaFile& file) {
  const double memory = memory_bytes();
  const double states = static_cast<double>(state_bytes(*model)) * params.n_seq_max * (1 + params.n_rs_seq);
  if (states > memory && memory > 0) {
    throw Error(ErrorKind::unavailable,
                "{} branches of {} at a time take {:.0f} GB of states, and this machine has {:.0f}: ask for fewer",
                params.n_seq_max, file.name(), states / 1e9, memory / 1e9);
  }
  double cells = 0;  // of all layers
  for (std::uint32_t layer = 0; layer < model->hparams.n_layer(); ++layer) {
    if (model->hparams.is_recr(layer)) continue;
    const bool slides = !params.swa_full && model->hparams.is_swa(layer);
    cells += slides ? static_cast<double>(window_cells(model->hparams, static_cast<int>(params.n_seq_max),
                                                       static_cast<int>(params.n_ubatch)))
                    : params.n_ctx;
  }
  const double bytes = cell_bytes(model, params.type_k) * cells;
  if (bytes + states <= memory || memory <= 0) return;
  throw Error(ErrorKind::unavailable,
              "a cache of {} positions for {} takes {:.0f} GB, and this machine has {:.0f}: try a smaller --ctx-size",
              params.n_ctx, file.name(), bytes / 1e9, memory / 1e9);
}

}  // namespace

std::int64_t affordable_cells(const LlamaFile& file, const ModelOptions& options) {
  const double all_layers =
      cell_bytes(file.handle(), cache_type(options, file.info())) * llama_model_n_layer(file.handle());
  return all_layers > 0 ? static_cast<std::int64_t>(memory_bytes() / 4 / all_layers) : 0;
}

std::int64_t cells_for_windows(const LlamaFile& file, const ModelOptions& options, int sequences) {
  const llama_hparams& hparams = file.handle()->hparams;
  if (hparams.swa_type == LLAMA_SWA_TYPE_NONE || file.has_states()) return 0;
  const int rows = most_rows(options, options.prefill_chunk_size, sequences);
  return static_cast<std::int64_t>(2 * window_cells(hparams, sequences, rows));
}

LlamaModel::LlamaModel(std::shared_ptr<const LlamaFile> file, const ModelOptions& options, int cells, int sequences,
                       int rewind, const LlamaModel* in_turn, Part part)
    : file_(std::move(file)), part_(part), isa_(isa_of(options)), left_is_known_(!isa_) {
  if (!is_head()) check_speaks_alone(file_->path(), file_->info());
  if (cells == 0) cells = options.ctx_size;
  if (cells == 0) cells = std::min(file_->trained_context(), kDefaultCells);
  const int wanted = cells;
  cells = static_cast<int>(std::min<std::int64_t>((std::int64_t{cells} + kCellStep - 1) / kCellStep, kMostSteps) *
                           kCellStep);
  sequences = std::clamp(sequences, 1, kMaxSequences);
  if (file_->has_states() && sequences > 2) sequences = affordable(sequences, *file_->handle(), rewind);
  llama_context_params params = context_params(options, cells, sequences, rewind);
  if (is_head()) params.ctx_other = in_turn->context_.get();  // whose embedding and output matrix it may use
  if (device_of(options).empty() && !is_head()) check_cache_fits(file_->handle(), params, *file_);
  const Complaints complaints;
  context_.reset(llama_init_from_model(file_->handle(), params));
  if (context_ && !params.swa_full && !windows_of(context_.get())) {  // apart in another way, or not at all
    params.swa_full = true;
    context_.reset(llama_init_from_model(file_->handle(), params));
  }
  has_windows_ = !params.swa_full;
  if (!context_) {
    const std::string because = complaints.because();
    throw Error(ErrorKind::unavailable, "no context of {} positions could be made for {}{}: try {}", cells,
                file_->path().string(), because,
                because.find("cache type") == because.npos ? "a smaller --ctx-size" : "another --cache-type");
  }
  // What its next row reads. Of every row: of some rows libllama would return the first ones, whichever they are.
  if (is_head()) llama_set_embeddings_nextn(context_.get(), true, /*masked=*/false);
  threads_ = std::make_unique<Threads>(context_.get(), params.n_threads,
                                       isa_ && computes_all(reserved_graph(context_.get()), *isa_),
                                       in_turn ? in_turn->threads_.get() : nullptr);
  if (options.exact) check_exact_graphs(context_.get(), left_, file_->path());
  const llama_model* model = file_->handle();
  const int made = static_cast<int>(llama_n_ctx(context_.get())), rows = static_cast<int>(params.n_batch);
  const int n_cells = options.ctx_size > 0 ? std::min(wanted, made) : made;  // no more than the user allows
  const bool plain = params.flash_attn_type == LLAMA_FLASH_ATTN_TYPE_DISABLED;
  layers_of_graph_ = find_layers(reserved_graph(context_.get()), llama_model_n_layer(model), llama_model_n_embd(model));
  for (const std::string& name : layers_of_graph_.inputs)
    layer_by_name_.emplace(name, static_cast<int>(layer_by_name_.size()));
  const bool has_state = !is_head() && file_->has_states();  // a head has cells
  info_ = {.name = file_->name(),
           .n_vocab = vocab().size(),
           .n_embd = llama_model_n_embd(model),
           .n_layer = llama_model_n_layer(model),
           .n_cells = n_cells,
           .n_context = std::min(file_->trained_context(), n_cells),
           .max_sequences = sequences,
           .max_rows = rows,
           .max_outputs = std::min(kMaxOutputs, rows),
           .tied_embeddings = file_->info().tied_embeddings,
           .has_layers = !is_head() && !layers_of_graph_.inputs.empty() && !layers_of_graph_.head.empty(),
           .is_head = is_head(),
           .logits_from_hidden = !is_head() && !layers_of_graph_.head.empty(),
           .rewind = has_state      ? static_cast<int>(llama_n_rs_seq(context_.get()))
                     : has_windows_ ? rows  // those that were read together see no less than before
                                    : kRewindAll,
           // A state that is cleared by a product with 0 stays what it was, if that was no number.
           .keeps_rows_apart = isa_ && !plain && device_of(options).empty() && !has_state};
  info_.damaged_tensor = [file = file_] { return first_damaged_tensor(file->path(), file->info().n_splits); };
  description_ =
      fmt::format("{} cache of {} positions, {} attention, {} threads, {} kernels", ggml_type_name(params.type_k),
                  n_cells, plain ? "plain" : "flash", params.n_threads, isa_ ? kernels::isa_name(*isa_) : "ggml's");
  layer_states_.resize(static_cast<std::size_t>(info_.n_layer));
  layer_wanted_.resize(static_cast<std::size_t>(info_.n_layer));
}

LlamaModel::~LlamaModel() = default;

llama_context_params LlamaModel::context_params(const ModelOptions& options, int cells, int sequences, int rewind) {
  llama_context_params params = llama_context_default_params();
  params.n_ctx = static_cast<std::uint32_t>(cells);
  params.n_seq_max = static_cast<std::uint32_t>(sequences);
  params.n_batch = params.n_ubatch = static_cast<std::uint32_t>(std::min(cells, most_rows(options, cells, sequences)));
  params.n_rs_seq = static_cast<std::uint32_t>(rewind);
  params.kv_unified = true;
  const std::int64_t from = cells_for_windows(*file_, options, sequences);
  params.swa_full = is_head() || from == 0 || cells < from;
  params.n_threads = params.n_threads_batch = thread_count(options, file_->handle());
  params.type_k = params.type_v = cache_type(options, file_->info());
  params.flash_attn_type = flash_attention(options, file_->info());
  params.pooling_type = LLAMA_POOLING_TYPE_NONE;  // a hidden state for each token, whatever the file is made for
  params.ctx_type = part_ == Part::next_head ? LLAMA_CONTEXT_TYPE_MTP : LLAMA_CONTEXT_TYPE_DEFAULT;
  params.no_perf = true;
  params.cb_eval = watch;
  params.cb_eval_user_data = this;
  params.abort_callback = is_unwanted;
  params.abort_callback_data = this;
  if (ggml_is_quantized(params.type_v) && params.flash_attn_type == LLAMA_FLASH_ATTN_TYPE_DISABLED) {
    throw Error(ErrorKind::usage,
                "a {} cache needs flash attention: drop --flash-attn off or take another --cache-type",
                ggml_type_name(params.type_v));
  }
  return params;
}

std::string LlamaModel::describe() const {
  return left_.empty() ? description_ : fmt::format("{}; ggml computes {}", description_, fmt::join(left_, ", "));
}

int LlamaModel::threads() const { return threads_->count(); }

void LlamaModel::stop_before_last_layer() { last_tensor_ = fmt::format("l_out-{}", info_.n_layer - 2); }

// ---- the cache ------------------------------------------------------------------------------------------------------

void LlamaModel::copy_sequence(SeqId from, SeqId to, int end) {
  llama_memory_seq_cp(llama_get_memory(context_.get()), from, to, 0, end);
}

void LlamaModel::trim_sequence(SeqId sequence, int begin) {
  if (llama_memory_seq_rm(llama_get_memory(context_.get()), sequence, begin, -1)) return;
  throw Error(ErrorKind::internal, "{} could not go back to position {} of a text", info_.name, begin);
}

void LlamaModel::clear() { llama_memory_clear(llama_get_memory(context_.get()), true); }

// ---- forward --------------------------------------------------------------------------------------------------------

// Called by ggml for every tensor of a graph before it is computed, to ask whether it is to be shown, and then to show
// it. False then: enough.
bool LlamaModel::watch(ggml_tensor* tensor, bool ask, void* self) {
  auto& model = *static_cast<LlamaModel*>(self);
  const auto layer =
      model.wants_layers_ ? model.layer_by_name_.find(ggml_get_name(tensor)) : model.layer_by_name_.end();
  const bool is_wanted =
      layer != model.layer_by_name_.end() && model.layer_wanted_[static_cast<std::size_t>(layer->second)];
  if (!ask && is_wanted) model.take_state(tensor, layer->second);
  if (!ask) return is_wanted && model.last_tensor_ != ggml_get_name(tensor);
  if (model.isa_) kernels::take(tensor, *model.isa_, model.threads_->forward());
  if (!model.left_is_known_) {
    if (std::optional<std::string> what = kernels::left_to_ggml(tensor)) model.left_.insert(std::move(*what));
  }
  const std::string_view name = ggml_get_name(tensor);
  if (!model.last_tensor_.empty()) return is_wanted || name == model.last_tensor_;
  if (is_wanted || !model.stops_at_head_) return is_wanted;
  // Of the last hidden states; the other where they are returned.
  return name == "result_norm" || name == "result_embd_pooled";
}

// Asked by ggml behind every operation. States move inside of libllama's memory while a forward is computed, those of
// texts that are not in the batch too: there it must reach its end.
bool LlamaModel::is_unwanted(void* self) {
  return !static_cast<LlamaModel*>(self)->has_states() && UnwantedScope::says_so();
}

// What libllama or ggml would not survive, or would do in silence.
void LlamaModel::check(std::span<const Row> rows) const {
  const auto state_size = static_cast<std::size_t>(llama_model_n_embd_inp(file_->handle()));
  for (const Row& row : rows) {
    if (row.position < 0 || row.position >= info_.n_context) {
      throw Error(ErrorKind::usage, "{} has no position {}: a text may have {} tokens", info_.name, row.position,
                  info_.n_context);
    }
    const bool reads = is_head() || reads_states(file_->info().architecture);
    if (!row.state.empty() && (row.state.size() != state_size || !reads)) {
      throw Error(ErrorKind::unavailable, "{} does not read states in place of tokens", info_.name);
    }
    if (row.outputs && (!row.outputs->layers.empty() || !row.outputs->states.empty())) check_inner_layers(info_);
  }
}

void LlamaModel::forward(std::span<const Row> rows) {
  check(rows);
  want_layers(rows);
  kept_.clear();
  if (has_windows_) slide_windows();
  if (has_states()) rows = by_sequence(rows);
  find_pieces(rows);
  pieces_.size() > 1 ? evaluate_in_pieces(rows) : evaluate(rows);
}

// Forgets what nobody will see again. By itself libllama does so only with cells of one sequence alone.
void LlamaModel::slide_windows() {
  llama_kv_cache& windows = *windows_of(context_.get());
  for (SeqId sequence = 0; sequence < info_.max_sequences; ++sequence) {
    const llama_pos first = first_seen(file_->handle()->hparams, windows.seq_pos_max(sequence) + 1);
    if (windows.seq_pos_min(sequence) < first) windows.seq_rm(sequence, 0, first);
  }
}

// libllama takes together what is next to each other. Sequences of one row come first: what is evaluated behind others
// may exchange the places of their states, but not of their snapshots.
std::span<const Row> LlamaModel::by_sequence(std::span<const Row> rows) {
  const auto sequence = [&](int row) { return rows[static_cast<std::size_t>(row)].sequences[0]; };
  std::vector<int> counts(static_cast<std::size_t>(info_.max_sequences)), order(rows.size());
  for (const Row& row : rows) ++counts[static_cast<std::size_t>(row.sequences[0])];
  std::iota(order.begin(), order.end(), 0);
  const auto key = [&](int row) {
    return std::pair(counts[static_cast<std::size_t>(sequence(row))] > 1, sequence(row));
  };
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return key(a) < key(b); });
  ordered_.clear();
  place_.resize(rows.size());
  for (const int row : order) {
    place_[static_cast<std::size_t>(row)] = static_cast<int>(ordered_.size());
    ordered_.push_back(rows[static_cast<std::size_t>(row)]);
  }
  return ordered_;
}

// What is evaluated by itself: rows of one kind; and, of models with states, sequences whose layers are wanted, as the
// graph does not say whose it shows, or of which something may be taken back.
void LlamaModel::find_pieces(std::span<const Row> rows) {
  const auto is_next = [&](std::size_t i) { return i > 0 && i < rows.size() && same_sequence(rows[i - 1], rows[i]); };
  pieces_.clear();
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const bool apart = has_states() && (wants_layers_ || (info_.rewind > 0 && (is_next(i - 1) || is_next(i + 1))));
    if (!same_kind(rows[i - 1], rows[i]) || (apart && !is_next(i))) pieces_.push_back(i);
  }
  pieces_.push_back(rows.size());
}

// The outputs are copied, as each decode overwrites the last.
void LlamaModel::evaluate_in_pieces(std::span<const Row> rows) {
  std::vector<Kept> kept;
  try {
    for (const std::size_t end : pieces_) {
      const auto piece = rows.subspan(kept.size(), end - kept.size());
      evaluate(piece);
      for (std::size_t i = 0; i < piece.size(); ++i) {
        kept.push_back(piece[i].outputs ? keep(i, *piece[i].outputs) : Kept{});
      }
    }
  } catch (...) {
    for (const Row& row : rows.first(has_states() ? 0 : kept.size())) {
      for (const SeqId sequence : row.sequences) trim_sequence(sequence, row.position);
    }
    throw;
  }
  kept_ = std::move(kept);
}

LlamaModel::Kept LlamaModel::keep(std::size_t at, const Outputs& outputs) const {
  const auto copy = [](std::span<const float> values) { return std::vector(values.begin(), values.end()); };
  Kept kept;
  if (outputs.logits) kept.logits = copy(logits_at(at));
  if (outputs.hidden) kept.hidden = copy(hidden_at(at));
  for (const int layer : outputs.layers) kept.layers.emplace_back(layer, copy(layer_logits_at(at, layer)));
  for (const int layer : outputs.states) kept.states.emplace_back(layer, copy(state_at(at, layer)));
  return kept;
}

void LlamaModel::evaluate(std::span<const Row> rows) {
  const Wishes wishes = fill_batch(rows);
  // libllama then returns them for every row of a batch, so only while they are wanted.
  if (!is_head() && wishes.hidden != hidden_) {
    llama_set_embeddings(context_.get(), wishes.hidden);
    hidden_ = wishes.hidden;
  }
  // With hidden states libllama would compute the logits of every row.
  const bool ends_there = wishes.hidden && has_either(file_->info().architecture);
  stops_at_head_ = (wishes.spares_logits || ends_there) && (info_.logits_from_hidden || !wishes.logits);
  for (std::vector<float>& states : layer_states_) states.clear();
  const bool brought = !rows.empty() && !rows[0].state.empty();
  decode(rows.size(), brought);
  if (brought && !is_head() && layer_wanted_[0])
    layer_states_[0] = states_;  // the graph reads them in place of the table's
  check_states(rows.size());
  layers_.clear();
  if (wishes.layers || (stops_at_head_ && wishes.logits)) apply_head(rows);
}

LlamaModel::Wishes LlamaModel::fill_batch(std::span<const Row> rows) {
  const std::size_t n = rows.size();
  tokens_.resize(n);
  positions_.resize(n);
  sequence_counts_.resize(n);
  sequences_.resize(n);
  outputs_.resize(n);
  states_.clear();
  Wishes wishes;
  for (std::size_t i = 0; i < n; ++i) {
    const Row& row = rows[i];
    tokens_[i] = row.token;
    positions_[i] = row.position;
    sequence_counts_[i] = static_cast<std::int32_t>(row.sequences.size());
    sequences_[i] = const_cast<SeqId*>(row.sequences.data());
    outputs_[i] = row.outputs && (row.outputs->logits || row.outputs->hidden);
    states_.insert(states_.end(), row.state.begin(), row.state.end());
    if (!row.outputs) continue;
    wishes.logits |= row.outputs->logits;
    wishes.hidden |= row.outputs->hidden;
    wishes.layers |= !row.outputs->layers.empty();
    wishes.spares_logits |= row.outputs->hidden && !row.outputs->logits;
  }
  // Its graph has the logits of every row, and of some rows libllama would return the first ones, whichever they are.
  if (part_ == Part::eagle && wishes.logits) std::fill(outputs_.begin(), outputs_.end(), std::int8_t{1});
  return wishes;
}

void LlamaModel::want_layers(std::span<const Row> rows) {
  wants_layers_ = false;
  std::fill(layer_wanted_.begin(), layer_wanted_.end(), false);
  for (const Row& row : rows) {
    if (!row.outputs) continue;
    for (const std::vector<int>* wanted : {&row.outputs->layers, &row.outputs->states}) {
      for (const int layer : *wanted) layer_wanted_.at(static_cast<std::size_t>(layer)) = wants_layers_ = true;
    }
  }
}

void LlamaModel::take_state(const ggml_tensor* tensor, int layer) {
  std::vector<float>& states = layer_states_[static_cast<std::size_t>(layer)];
  states.resize(static_cast<std::size_t>(ggml_nelements(tensor)));
  ggml_backend_tensor_get(tensor, states.data(), 0, ggml_nbytes(tensor));
}

void LlamaModel::check_states(std::size_t rows) const {
  for (std::size_t layer = 0; layer < layer_wanted_.size(); ++layer) {
    if (!layer_wanted_[layer] || layer_states_[layer].size() == rows * static_cast<std::size_t>(info_.n_embd)) continue;
    throw Error(ErrorKind::internal, "libllama's graph of {} rows has not shown what layer {} reads", rows, layer);
  }
}

void LlamaModel::decode(std::size_t rows, bool states) {
  const llama_batch batch{.n_tokens = static_cast<std::int32_t>(rows),
                          .token = states && !is_head() ? nullptr : tokens_.data(),
                          .embd = states ? states_.data() : nullptr,
                          .pos = positions_.data(),
                          .n_seq_id = sequence_counts_.data(),
                          .seq_id = sequences_.data(),
                          .logits = outputs_.data()};
  const Complaints complaints;
  const int status = [&] {
    const Threads::Turn turn(*threads_);
    return llama_decode(context_.get(), batch);
  }();
  if (status == kAborted) throw Unwanted();
  if (status != 0) {
    throw Error(ErrorKind::internal, "libllama could not evaluate a batch of {} rows: status {}{}", rows, status,
                complaints.because());
  }
  left_is_known_ = true;
  if (std::any_of(left_.begin(), left_.end(), attends)) info_.keeps_rows_apart = false;
}

std::span<const float> LlamaModel::encode(std::span<float> states, int rows) {
  const llama_batch batch{.n_tokens = rows,
                          .token = nullptr,
                          .embd = states.data(),
                          .pos = nullptr,
                          .n_seq_id = nullptr,
                          .seq_id = nullptr,
                          .logits = nullptr};
  const Complaints complaints;
  const int status = [&] {
    const Threads::Turn turn(*threads_);
    return llama_encode(context_.get(), batch);
  }();
  if (status == kAborted) throw Unwanted();
  if (status != 0) {
    throw Error(ErrorKind::internal, "libllama could not encode {} rows: status {}{}", rows, status,
                complaints.because());
  }
  return {llama_get_embeddings_nextn(context_.get()),
          static_cast<std::size_t>(rows) * static_cast<std::size_t>(info_.n_embd)};
}

// One product for all rows and layers of the batch; another for the last hidden states, as layer n_layer, where
// libllama has stopped before its output head.
void LlamaModel::apply_head(std::span<const Row> rows) {
  const auto n_embd = static_cast<std::size_t>(info_.n_embd), n_vocab = static_cast<std::size_t>(info_.n_vocab);
  std::vector<float> states;
  layers_.assign(rows.size(), {});
  std::size_t count = 0;
  const auto add = [&](std::size_t at, int layer, std::span<const float> values) {
    states.insert(states.end(), values.begin(), values.end());
    layers_[at].emplace_back(layer, count++ * n_vocab);
  };
  states.reserve(rows.size() * n_embd);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (const Outputs* outputs = rows[i].outputs) {
      for (const int layer : outputs->layers) add(i, layer, state_at(i, layer));
    }
  }
  const std::size_t inner = count;
  for (std::size_t i = 0; stops_at_head_ && i < rows.size(); ++i) {
    if (rows[i].outputs && rows[i].outputs->logits) add(i, info_.n_layer, hidden_at(i));
  }
  layer_logits_.resize(count * n_vocab);
  head();
  const std::span all(states), logits(layer_logits_);
  head_->apply_to_layers(all.first(inner * n_embd), logits.first(inner * n_vocab));
  head_->apply(all.subspan(inner * n_embd), logits.subspan(inner * n_vocab));
}

Head* LlamaModel::head() {
  if (!info_.logits_from_hidden) return nullptr;
  if (!head_) head_ = std::make_unique<LayerHead>(layers_of_graph_.head, *threads_, isa_);
  return head_.get();
}

// ---- outputs --------------------------------------------------------------------------------------------------------

std::span<const float> LlamaModel::logits(int row) const {
  const std::size_t at = place(row);
  return kept_.empty() ? logits_at(at) : kept_[at].logits;
}

std::span<const float> LlamaModel::hidden(int row) const {
  const std::size_t at = place(row);
  return kept_.empty() ? hidden_at(at) : kept_[at].hidden;
}

std::span<const float> LlamaModel::layer_logits(int row, int layer) const {
  const std::size_t at = place(row);
  return kept_.empty() ? layer_logits_at(at, layer) : of_layer(kept_[at].layers, layer);
}

std::span<const float> LlamaModel::state(int row, int layer) const {
  const std::size_t at = place(row);
  return kept_.empty() ? state_at(at, layer) : of_layer(kept_[at].states, layer);
}

// Of the last decode.
std::span<const float> LlamaModel::logits_at(std::size_t at) const {
  if (stops_at_head_) return layer_logits_at(at, info_.n_layer);
  return {llama_get_logits_ith(context_.get(), static_cast<int>(at)), static_cast<std::size_t>(info_.n_vocab)};
}

std::span<const float> LlamaModel::hidden_at(std::size_t at) const {
  const auto row = static_cast<std::int32_t>(at);
  const float* values =
      is_head() ? llama_get_embeddings_nextn_ith(context_.get(), row) : llama_get_embeddings_ith(context_.get(), row);
  return {values, static_cast<std::size_t>(info_.n_embd)};
}

std::span<const float> LlamaModel::layer_logits_at(std::size_t at, int layer) const {
  for (const auto& [each, offset] : layers_[at]) {
    if (each == layer) return std::span(layer_logits_).subspan(offset, static_cast<std::size_t>(info_.n_vocab));
  }
  assert(false && "layer logits were not asked for");
  return {};
}

std::span<const float> LlamaModel::state_at(std::size_t at, int layer) const {
  const auto n_embd = static_cast<std::size_t>(info_.n_embd);
  return std::span(layer_states_[static_cast<std::size_t>(layer)]).subspan(at * n_embd, n_embd);
}

}  // namespace decant
