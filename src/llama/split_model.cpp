// Tested by tests/llama/split_model_test.cpp.
#include "llama/split_model.h"

#include <ggml-backend.h>
#include <llama-model.h>

#include <algorithm>
#include <cassert>

#include "base/error.h"
#include "kernels/norm.h"
#include "llama/damage.h"
#include "llama/self_model.h"

namespace decant {
namespace {

std::vector<float> final_norm(const llama_model& model) {
  std::vector<float> weights(static_cast<std::size_t>(ggml_nelements(model.output_norm)));
  ggml_backend_tensor_get(model.output_norm, weights.data(), 0, ggml_nbytes(model.output_norm));
  return weights;
}

// What a part says of itself: the whole model's name, as damage is looked for in its file; and no layers, whose numbers
// would be the part's own.
ModelInfo info_of(ModelInfo info, const LlamaFile& whole, const std::string& name, int n_layer) {
  info.name = name;
  info.n_layer = n_layer;
  info.has_layers = false;
  info.damaged_tensor = [path = whole.path(), n = whole.info().n_splits] { return first_damaged_tensor(path, n); };
  return info;
}

}  // namespace

bool can_split(const LlamaFile& file, int layers, const ModelOptions& options) {
  const GgufInfo& info = file.info();
  // Their graphs treat a row the same from the embedding on, wherever it comes from (libllama's src/models).
  const bool known = info.architecture == "llama" || info.architecture == "qwen3" || info.architecture == "qwen3moe";
  if (!known || info.n_splits > 1 || layers < 1 || layers >= info.n_layer || !device_of(options).empty()) return false;
  const llama_model& model = *file.handle();
  return model.hparams.f_embedding_scale == 0 && model.hparams.n_embd_inp() == model.hparams.n_embd &&
         model.output_norm && model.output_norm->type == GGML_TYPE_F32;
}

// ---- the lower layers -----------------------------------------------------------------------------------------------

LowerLayers::LowerLayers(const std::shared_ptr<const LlamaFile>& whole, int layers, const std::string& name,
                         const ModelOptions& options, int cells, int sequences)
    : layers_(load_layers(whole, {0, layers + 1}, name, options), options, cells, sequences),
      info_(info_of(layers_.info(), *whole, name, layers + 1)),
      isa_(isa_of(options).value_or(kernels::Isa::plain)),
      norm_(final_norm(*whole->handle())),
      epsilon_(whole->handle()->hparams.f_norm_rms_eps),
      state_{.states = {layers}} {
  layers_.stop_before_last_layer();
}

void LowerLayers::forward(std::span<const Row> rows) {
  rows_.assign(rows.begin(), rows.end());
  for (Row& row : rows_) row.outputs = row.outputs && row.outputs->any() ? &state_ : nullptr;
  layers_.forward(rows_);
  info_.keeps_rows_apart = layers_.info().keeps_rows_apart;
  finish(rows);
}

// The final norm and the head, of the rows from which more than their state is wanted.
void LowerLayers::finish(std::span<const Row> rows) {
  finished_.assign(rows.size(), -1);
  hidden_.clear();
  int count = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].outputs || (!rows[i].outputs->logits && !rows[i].outputs->hidden)) continue;
    const std::span<const float> state = layers_.state(static_cast<int>(i), layers());
    finished_[i] = count++;
    hidden_.resize(hidden_.size() + state.size());
    float* hidden = hidden_.data() + hidden_.size() - state.size();
    kernels::rms_norm(isa_)(state.data(), std::ssize(state), epsilon_, hidden);
    for (std::size_t j = 0; j < norm_.size(); ++j) hidden[j] *= norm_[j];
  }
  logits_.resize(static_cast<std::size_t>(count) * static_cast<std::size_t>(info_.n_vocab));
  if (count > 0) head()->apply(hidden_, logits_);
}

std::span<const float> LowerLayers::logits(int row) const {
  const auto n = static_cast<std::size_t>(info_.n_vocab);
  return std::span(logits_).subspan(static_cast<std::size_t>(finished_[static_cast<std::size_t>(row)]) * n, n);
}

std::span<const float> LowerLayers::hidden(int row) const {
  const auto n = static_cast<std::size_t>(info_.n_embd);
  return std::span(hidden_).subspan(static_cast<std::size_t>(finished_[static_cast<std::size_t>(row)]) * n, n);
}

std::span<const float> LowerLayers::layer_logits(int, int) const {
  assert(false && "it has no layers to show");
  return {};
}

// ---- the upper layers -----------------------------------------------------------------------------------------------

UpperLayers::UpperLayers(const std::shared_ptr<const LlamaFile>& whole, std::shared_ptr<LowerLayers> lower,
                         const ModelOptions& options, int cells, int sequences)
    : LlamaModel(load_layers(whole, {lower->layers(), whole->info().n_layer - lower->layers()}, whole->name(), options),
                 options, cells, sequences, 0, &lower->part()),
      lower_(std::move(lower)),
      info_(info_of(LlamaModel::info(), *whole, whole->name(), whole->info().n_layer)) {
  if (lower_->info().n_cells < info_.n_cells || lower_->info().max_sequences < info_.max_sequences)
    throw Error(ErrorKind::internal, "the cache of the lower layers is smaller than that of the upper ones");
}

void UpperLayers::forward(std::span<const Row> rows) {
  if (std::ranges::any_of(rows, [](const Row& row) { return row.state.empty(); }))
    throw Error(ErrorKind::internal, "a row of the upper layers comes without its state");
  LlamaModel::forward(rows);
  info_.keeps_rows_apart = LlamaModel::info().keeps_rows_apart;
}

}  // namespace decant
