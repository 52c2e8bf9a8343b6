// Tested by tests/llama/llama_model_test.cpp.
#include "llama/llama_file.h"

#include <llama-model.h>
#include <llama.h>

#include <map>
#include <utility>

#include "base/error.h"
#include "kernels/hook.h"
#include "llama/exactness.h"
#include "llama/kinds.h"
#include "llama/load_probe.h"

namespace decant {
namespace {

// "blk.3.attn_q.weight", 20 -> "blk.23.attn_q.weight"
std::string in_whole(std::string_view tensor, int first) {
  constexpr std::string_view block = "blk.";
  if (first == 0 || !tensor.starts_with(block)) return std::string(tensor);
  const std::size_t end = tensor.find('.', block.size());
  return fmt::format("{}{}{}", block, first + std::stoi(std::string(tensor.substr(block.size(), end))),
                     tensor.substr(end));
}

// The tensors of `part`, which libllama has placed but given no memory, read the weights of `whole`. Of tied embeddings
// there are two tensors of a name, laid out for what each is used for.
void share_weights(llama_model& part, const llama_model& whole, int first) {
  const auto place_of = [](const ggml_tensor* tensor) {
    ggml_backend_buffer_type_t type = ggml_backend_buffer_get_type(tensor->buffer);
    return ggml_backend_buft_is_host(type) ? ggml_backend_cpu_buffer_type() : type;  // the file's mapping is one too
  };
  std::map<std::pair<std::string, ggml_backend_buffer_type_t>, const ggml_tensor*> tensors;
  for (const auto& [name, tensor] : whole.tensors_by_name) tensors[{name, place_of(tensor)}] = tensor;
  for (const auto& [name, tensor] : part.tensors_by_name) {
    const auto found = tensors.find({in_whole(name, first), place_of(tensor)});
    if (found == tensors.end()) throw Error(ErrorKind::internal, "the whole model has no {} to share", name);
    tensor->data = found->second->data;
    tensor->extra = found->second->extra;
    tensor->buffer = found->second->buffer;
  }
  part.hparams.no_alloc = false;  // of contexts, which have memory
}

// libllama derives numbers, and what kind of model it has, from how many layers there are: the scale of attention,
// sliding windows, ALiBi, what a layer adds to the text's state. First layers have what the whole model has.
void share_hyperparameters(llama_model& part, const llama_model& whole) {
  const llama_hparams own = part.hparams;
  part.type = whole.type;
  part.hparams = whole.hparams;
  part.hparams.n_layer_all = own.n_layer_all;
  part.hparams.n_layer_nextn = own.n_layer_nextn;
  part.hparams.no_alloc = own.no_alloc;
  // Whose graph compares this with the number of layers: where they are equal, all layers have positions.
  if (part.arch == LLM_ARCH_SMALLTHINKER) part.hparams.n_no_rope_layer_step = own.n_no_rope_layer_step;
}

}  // namespace

LlamaFile::LlamaFile(const std::filesystem::path& path, const ModelOptions& options,
                     const std::function<void(float)>& progress, std::string name, SharedWeights weights)
    : path_(path),
      name_(name.empty() ? path.stem().string() : std::move(name)),
      info_(check_gguf(path)),
      weights_(std::move(weights)) {
  check_kind(path, info_);
  start_library();
  if (options.exact) check_exact_options(options);
  llama_model_params params = llama_model_default_params();
  params.n_gpu_layers = options.n_gpu_layers;
  params.load_mtp = info_.n_next_heads > 0;
  ggml_backend_dev_t no_devices[] = {nullptr};  // with 0 layers libllama would still send large batches to a device
  if (options.exact) params.devices = no_devices;
  if (progress) {
    params.progress_callback_user_data = const_cast<std::function<void(float)>*>(&progress);
    params.progress_callback = [](float done, void* function) {
      (*static_cast<const std::function<void(float)>*>(function))(done);
      return true;
    };
  }
  if (weights_.of || weights_.none) {
    params.no_alloc = true;
    params.load_mode = LLAMA_LOAD_MODE_NONE;
  }
  const Complaints complaints;
  const kernels::LoadScope scope(isa_of(options));
  model_.reset(llama_model_load_from_file(path.c_str(), params));
  if (!model_) throw Error(ErrorKind::data, "{} cannot be loaded{}", path.string(), complaints.because());
  if (weights_.of) {
    share_weights(*model_, *weights_.of->model_, weights_.first);
    if (weights_.first == 0) share_hyperparameters(*model_, *weights_.of->model_);
  }
  warnings_ = complaints.warnings();
  if (llama_model_has_encoder(model_.get()) && !is_draft(info_)) refuse_kind(path, "an encoder-decoder model");
  if (llama_model_is_diffusion(model_.get())) refuse_kind(path, "a diffusion model");
  if (!model_->hparams.causal_attn) refuse_kind(path, kEncoder);
  if (llama_vocab_type(llama_model_get_vocab(model_.get())) == LLAMA_VOCAB_TYPE_NONE)
    throw Error(ErrorKind::unavailable, "{} has no vocabulary: decant needs one to read and write text", path.string());
  vocab_ = std::make_unique<LlamaVocab>(llama_model_get_vocab(model_.get()), info_);
  if (const char* source = llama_model_chat_template(model_.get(), nullptr)) {
    const std::filesystem::path program = is_unknown(path) ? default_probe_program() : "";
    chat_template_ = std::make_unique<ChatTemplate>(source, vocab_->bos_text(), vocab_->eos_text(), program);
  }
}

int LlamaFile::trained_context() const { return llama_model_n_ctx_train(model_.get()); }

bool LlamaFile::has_states() const {
  return llama_model_is_recurrent(model_.get()) || llama_model_is_hybrid(model_.get());
}

std::uint64_t LlamaFile::weight_bytes() const { return llama_model_size(model_.get()); }

}  // namespace decant
