// Tested by tests/llama/eagle_draft_test.cpp.
#include "llama/eagle_draft.h"

#include <ggml-backend.h>
#include <llama-ext.h>
#include <llama-model.h>

#include <algorithm>

#include "base/error.h"

namespace decant {
namespace {

std::span<const std::int32_t> layers_of(const LlamaFile& draft) {
  return {llama_model_target_layer_ids(draft.handle()), llama_model_target_layer_ids_n(draft.handle())};
}

// Layer n_layer is what comes out of the last one, as libllama's targets say it: behind the final norm.
Outputs outputs_of(std::span<const std::int32_t> layers, int n_layer) {
  Outputs outputs;
  for (const std::int32_t layer : layers) {
    if (layer == n_layer)
      outputs.hidden = true;
    else
      outputs.states.push_back(layer);
  }
  return outputs;
}

// What libllama asserts of its graph, or does not look at. "": nothing is wrong.
std::string damage_of(const llama_model& draft, const llama_model& target) {
  const auto n_vocab = static_cast<std::int64_t>(draft.vocab.n_tokens());
  if (draft.hparams.n_layer() != 1) return "it has more than one layer";
  if (draft.hparams.n_embd_head_k() != draft.hparams.n_embd_head_v()) return "its keys and values differ in width";
  const ggml_tensor* embedding = draft.tok_embd ? draft.tok_embd : target.tok_embd;
  const ggml_tensor* output = draft.output ? draft.output : target.output;
  if (!embedding || embedding->ne[0] != draft.hparams.n_embd || embedding->ne[1] < n_vocab)
    return "there is no embedding that it could read";
  if (!output || output->ne[0] != draft.hparams.n_embd) return "there is no output matrix that it could use";
  if (!draft.d2t) return output->ne[1] == n_vocab ? "" : "its output matrix is that of another vocabulary";
  if (draft.d2t->type != GGML_TYPE_I64 || output->ne[1] != draft.d2t->ne[0])
    return "its mapping d2t is of another kind";
  std::vector<std::int64_t> ids(static_cast<std::size_t>(draft.d2t->ne[0]));
  ggml_backend_tensor_get(draft.d2t, ids.data(), 0, ggml_nbytes(draft.d2t));
  const auto is_token = [&](std::int64_t id) { return id >= 0 && id < n_vocab; };
  return std::ranges::all_of(ids, is_token) ? "" : "its mapping d2t names tokens that are not there";
}

}  // namespace

void check_eagle_draft(const LlamaFile& draft, const LlamaModel& target) {
  const auto refuse = [&](std::string_view why) {
    throw Error(ErrorKind::unavailable, "{} cannot draft for {}: {}", draft.path().string(), target.info().name, why);
  };
  const std::span layers = layers_of(draft);
  const auto width =
      static_cast<int>(draft.handle()->hparams.n_embd_inp_enc() / std::max<std::size_t>(layers.size(), 1));
  if (width != target.info().n_embd) {
    refuse(fmt::format("it was made for a model whose states have {} numbers, and these have {}", width,
                       target.info().n_embd));
  }
  if (!target.info().has_layers) refuse("its layers cannot be read");
  const bool ascend = std::is_sorted(layers.begin(), layers.end());
  if (!ascend || layers.empty() || layers.front() < 0 || layers.back() > target.info().n_layer)
    refuse(fmt::format("it reads layers that are not there: {} has {}", target.info().name, target.info().n_layer));
  if (const std::string damage = damage_of(*draft.handle(), *target.file().handle()); !damage.empty()) refuse(damage);
}

EagleDraft::EagleDraft(std::shared_ptr<const LlamaFile> file, std::shared_ptr<LlamaModel> target,
                       const ModelOptions& options, int cells, int sequences)
    : LlamaModel(file, options, cells, sequences, 0, target.get(), Part::eagle),
      target_(std::move(target)),
      of_target_(outputs_of(layers_of(*file), target_->info().n_layer)),
      nothing_(static_cast<std::size_t>(std::max(info().n_vocab, info().n_embd))) {
  if (target_->info().n_cells < info().n_cells || target_->info().max_sequences < info().max_sequences)
    throw Error(ErrorKind::internal, "the cache of the model is smaller than that of its draft");
}

void EagleDraft::copy_sequence(SeqId from, SeqId to, int end) {
  if (end > 1) LlamaModel::copy_sequence(from, to, end - 1);
}

void EagleDraft::trim_sequence(SeqId sequence, int begin) {
  LlamaModel::trim_sequence(sequence, std::max(begin - 1, 0));
}

void EagleDraft::forward(std::span<const Row> rows) {
  place_.clear();
  rows_.clear();
  for (const Row& row : rows) {
    place_.push_back(row.position == 0 ? -1 : static_cast<int>(rows_.size()));
    if (row.position == 0) continue;
    rows_.push_back(row);
    --rows_.back().position;
  }
  if (rows_.empty()) return;
  fuse(rows_);
  LlamaModel::forward(rows_);
}

// The states of the target, of those rows that bring them, become one each.
void EagleDraft::fuse(std::span<const Row> rows) {
  const auto n_embd = static_cast<std::size_t>(info().n_embd);
  const std::size_t width = layers_of(file()).size() * static_cast<std::size_t>(target_->info().n_embd);
  states_.clear();
  for (const Row& row : rows) {
    if (row.state.size() == width) states_.insert(states_.end(), row.state.begin(), row.state.end());
  }
  if (states_.empty()) return;
  const std::span fused = encode(states_, static_cast<int>(states_.size() / width));
  fused_.assign(fused.begin(), fused.end());
  std::size_t next = 0;
  for (Row& row : rows_) {
    if (row.state.size() != width) continue;
    row.state = std::span(fused_).subspan(next, n_embd);
    next += n_embd;
  }
}

std::span<const float> EagleDraft::logits(int row) const {
  const int place = place_[static_cast<std::size_t>(row)];
  return place < 0 ? std::span(nothing_).first(static_cast<std::size_t>(info().n_vocab)) : LlamaModel::logits(place);
}

std::span<const float> EagleDraft::hidden(int row) const {
  const int place = place_[static_cast<std::size_t>(row)];
  return place < 0 ? std::span(nothing_).first(static_cast<std::size_t>(info().n_embd)) : LlamaModel::hidden(place);
}

}  // namespace decant
