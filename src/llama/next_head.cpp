// Tested by tests/llama/next_head_test.cpp.
#include "llama/next_head.h"

#include <fmt/format.h>
#include <llama-model.h>

#include <algorithm>

#include "base/error.h"

namespace decant {
namespace {

// Those whose graph of the head was compared with a reference, and reads the last hidden state after the final norm
// (libllama's src/models, `h_nextn`; step35, mimo2 and deepseek4 read another).
constexpr std::string_view known[] = {"glm4moe", "deepseek2", "qwen35"};

}  // namespace

std::string no_next_head(const LlamaFile& file) { return no_next_head(file.info(), file.handle()); }

std::string no_next_head(const GgufInfo& info, const llama_model* model) {
  if (info.n_next_heads == 0) return "the file carries no head for further tokens";
  if (std::ranges::find(known, info.architecture) == std::end(known))
    return fmt::format("the heads of {} files are not known here", info.architecture);
  if (info.n_next_heads > 1) return fmt::format("it has {} heads, and libllama runs one", info.n_next_heads);
  const llama_hparams& hparams = model->hparams;  // what libllama's graphs of these assert
  const bool runs = hparams.n_layer_dense_lead <= hparams.n_layer() &&
                    (info.architecture != "deepseek2" || (hparams.is_mla() && hparams.n_lora_q > 0)) &&
                    hparams.f_attn_temp_scale == 0 && hparams.n_embd_out() == hparams.n_embd;
  return runs ? "" : "libllama has no graph for a head of its kind";
}

void check_next_head(const LlamaFile& file) {
  const std::string reason = no_next_head(file);
  if (reason.empty()) return;
  throw Error(ErrorKind::unavailable, "{} has nothing for the drafter mtp: {}", file.path().string(), reason);
}

NextHead::NextHead(const std::shared_ptr<const LlamaFile>& file, std::shared_ptr<LlamaModel> model,
                   const ModelOptions& options, int cells, int sequences)
    : LlamaModel(file, options, cells, sequences, 0, model.get(), Part::next_head), model_(std::move(model)) {
  if (model_->info().n_cells < info().n_cells || model_->info().max_sequences < info().max_sequences)
    throw Error(ErrorKind::internal, "the cache of the model is smaller than that of its head");
}

}  // namespace decant
