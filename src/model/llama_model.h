// A GGUF model run by libllama.
//
// The file (weights and vocabulary) and the context (cache and compute buffers) are two objects, because the first is
// needed to know how many tokens a prompt has, and the second is sized by that; and one file may serve several
// contexts. The only files that include llama.h or ggml.h are src/model/llama_*, layer_head and chat_template.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/gguf_check.h"
#include "model/model.h"
#include "model/vocab.h"
#include "options/model_options.h"

struct ggml_tensor;
struct llama_model;
struct llama_context;
struct llama_vocab;

namespace decant {

class LayerHead;
class Threads;
class TokenTrie;

class LlamaVocab : public Vocab {
 public:
  LlamaVocab(const llama_vocab* vocab, const GgufInfo& info);

  int size() const override { return size_; }
  std::string_view bytes(Token token) const override;
  std::string_view piece(Token token) const override;
  const std::vector<Token>& eos() const override { return eos_; }
  std::vector<Token> tokenize(std::string_view text, bool special, bool add_bos) const override;
  std::unique_ptr<const Grammar> grammar(std::string_view gbnf, std::span<const Token> end = {}) const override;

  const llama_vocab* handle() const { return vocab_; }

  // For chats: eos(), and every token that libllama takes for the end of a turn and that the chat template writes.
  std::vector<Token> end_of_turn(std::string_view chat_template) const;
  std::string bos_text() const;
  std::string eos_text() const;

 private:
  std::string token_text(Token token) const;

  const llama_vocab* vocab_;
  int size_;
  std::vector<Token> eos_;
  mutable std::vector<std::optional<std::string>> bytes_;  // filled as asked for: most tokens never are
  mutable std::shared_ptr<const TokenTrie> trie_;          // made for the first grammar
};

class LlamaFile {
 public:
  // `progress` is called with the loaded fraction; the model is called `name`, or else as the file is. Throws Error for
  // anything that cannot be loaded.
  LlamaFile(const std::filesystem::path& path, const ModelOptions& options,
            const std::function<void(float)>& progress = {}, std::string name = "");
  ~LlamaFile();
  LlamaFile(const LlamaFile&) = delete;
  LlamaFile& operator=(const LlamaFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  const std::string& name() const { return name_; }
  const GgufInfo& info() const { return info_; }
  const LlamaVocab& vocab() const { return *vocab_; }
  std::optional<std::string> chat_template() const;
  int trained_context() const;
  std::uint64_t weight_bytes() const;  // of all tensors
  llama_model* handle() const { return model_; }

 private:
  std::filesystem::path path_;
  std::string name_;
  GgufInfo info_;
  llama_model* model_ = nullptr;
  std::unique_ptr<LlamaVocab> vocab_;
};

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
