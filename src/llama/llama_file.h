// The weights and the vocabulary of a GGUF file, loaded by libllama. Files may be loaded by several threads at once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "files/gguf_check.h"
#include "llama/chat_template.h"
#include "llama/library.h"
#include "llama/llama_vocab.h"
#include "options/model_options.h"

namespace decant {

class LlamaFile;

// Of a file that has none of its own: those of another model, whose layer `first` is the file's layer 0. Or none at
// all are read: of such a file contexts can be made, which take no memory, but nothing can be evaluated.
struct SharedWeights {
  std::shared_ptr<const LlamaFile> of = nullptr;
  int first = 0;
  bool none = false;
};

class LlamaFile {
 public:
  // `progress` is called with the loaded fraction; the model is called `name`, or else as the file is. Throws Error for
  // anything that cannot be loaded.
  LlamaFile(const std::filesystem::path& path, const ModelOptions& options,
            const std::function<void(float)>& progress = {}, std::string name = "", SharedWeights weights = {});
  LlamaFile(const LlamaFile&) = delete;
  LlamaFile& operator=(const LlamaFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  const std::string& name() const { return name_; }
  const GgufInfo& info() const { return info_; }
  const LlamaVocab& vocab() const { return *vocab_; }
  const ChatTemplate* chat_template() const { return chat_template_.get(); }  // null where it has none
  int trained_context() const;
  bool has_states() const;  // recurrent layers, whose memory of a text is a state: alone, or beside attention
  std::uint64_t weight_bytes() const;                                     // of all tensors
  const std::vector<std::string>& warnings() const { return warnings_; }  // libllama's, for whoever is to know
  llama_model* handle() const { return model_.get(); }

 private:
  std::filesystem::path path_;
  std::string name_;
  GgufInfo info_;
  SharedWeights weights_;  // outlives the model that reads them
  ModelHandle model_;
  std::vector<std::string> warnings_;
  std::unique_ptr<LlamaVocab> vocab_;
  std::unique_ptr<ChatTemplate> chat_template_;
};

}  // namespace decant
