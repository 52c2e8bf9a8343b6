// Tested by tests/llama/llama_model_test.cpp.
#include "llama/llama_file.h"

#include <llama.h>

#include <utility>

#include "base/error.h"
#include "kernels/hook.h"
#include "llama/exactness.h"
#include "llama/library.h"

namespace decant {

LlamaFile::LlamaFile(const std::filesystem::path& path, const ModelOptions& options,
                     const std::function<void(float)>& progress, std::string name)
    : path_(path), name_(name.empty() ? path.stem().string() : std::move(name)), info_(check_gguf(path)) {
  start_library();
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
  const Complaints complaints;
  model_ = llama_model_load_from_file(path.c_str(), params);
  if (!model_) throw Error(ErrorKind::data, "{} cannot be loaded{}", path.string(), complaints.because());
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

}  // namespace decant
