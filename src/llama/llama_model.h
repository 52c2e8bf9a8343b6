// A GGUF model run by libllama.
//
// The file (weights and vocabulary) and the context (cache and compute buffers) are two objects, because the first is
// needed to know how many tokens a prompt has, and the second is sized by that; and one file may serve several
// contexts. Only this folder and kernels/ include the headers of libllama and ggml.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "llama/llama_file.h"
#include "model/model.h"
#include "options/model_options.h"

struct ggml_tensor;
struct llama_context;

namespace decant {

class LayerHead;
class Threads;

class LlamaModel : public Model {
 public:
  // `cells`: positions in the cache; 0: options.ctx_size, or by default what the model was trained for, at most 8192.
  // `sequences`: branches that can be in the cache at once, at most 256; each costs room for a row of logits.
  LlamaModel(std::shared_ptr<const LlamaFile> file, const ModelOptions& options, int cells = 0, int sequences = 64);
  ~LlamaModel() override;

  const ModelInfo& info() const override { return info_; }
  const LlamaVocab& vocab() const override { return file_->vocab(); }

  void copy_sequence(SeqId from, SeqId to, int end) override;
  void trim_sequence(SeqId sequence, int begin) override;
  void forward(std::span<const Row> rows) override;
  std::span<const float> logits(int row) const override;
  std::span<const float> hidden(int row) const override;
  std::span<const float> layer_logits(int row, int layer) const override;

  // "f16 cache of 512 positions, flash attention, 2 threads, AVX-512 VNNI kernels", and what those leave to ggml.
  std::string describe() const;
  int threads() const;
  llama_context* handle() const { return context_; }

 private:
  static bool watch(ggml_tensor* tensor, bool ask, void* self);
  void apply_head(std::span<const Row> rows);

  std::shared_ptr<const LlamaFile> file_;
  ModelInfo info_;
  std::string description_;
  std::vector<std::string> left_;              // to ggml, in the first forward (kernels/hook.h)
  bool ours_ = false, left_is_known_ = false;  // our kernels compute
  std::unique_ptr<Threads> threads_;
  llama_context* context_ = nullptr;
  bool hidden_ = false;             // the context returns hidden states
  bool stops_at_head_ = false;      // the forward under way: its logits are computed by us, for the rows that want them
  std::vector<bool> layer_inputs_;  // the context returns the inputs of these layers
  std::unique_ptr<LayerHead> head_;
  std::vector<std::vector<std::pair<int, std::size_t>>> layers_;  // by row: (layer, offset in layer_logits_)
  std::vector<float> layer_logits_;

  // The batch, as libllama wants it.
  std::vector<std::int32_t> tokens_, positions_, sequence_counts_;
  std::vector<std::int32_t*> sequences_;
  std::vector<std::int8_t> outputs_;
};

}  // namespace decant
