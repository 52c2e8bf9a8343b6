// A model with an engine of its own, and the further models that requests name beside it: self:15, files. All may be
// called from any thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "engine/engine.h"
#include "llama/llama_file.h"
#include "options/model_options.h"

namespace decant {

class ServedModel {
 public:
  ServedModel(std::string name, std::shared_ptr<const LlamaFile> file, const ModelOptions& options,
              const EngineOptions& engine);

  const std::string& name() const { return name_; }
  const LlamaFile& file() const { return *file_; }
  const std::shared_ptr<const LlamaFile>& shared_file() const { return file_; }
  Engine& engine() { return engine_; }
  const ModelInfo& info() const { return info_; }
  const std::string& describe() const { return description_; }

  // Loads a model that a request names beside this one: self:LAYERS, self:TYPE, or what `find` has by that name.
  using FindFile = std::function<std::shared_ptr<const LlamaFile>(const std::string& name, bool only_drafts)>;
  void load_further(const std::string& name, bool only_drafts, const FindFile& find);

  // The same for a model that drafts, where it does so with what the model itself computes: the head that its file
  // carries, an EAGLE-3 file, its own lower layers if `divides`. Those are made together with a copy of the model,
  // which shares its weights and has a cache of its own. Returns what the engine calls the model whose texts are
  // drafted: that copy, or "", the model itself.
  std::string load_draft(const std::string& name, bool divides, const FindFile& find);

  // All that a request of these options names, of either kind. `looks_inside`: it reads what the model's layers say, of
  // which a divided one shows a part. Returns what the engine calls the model that is to read the request.
  std::string load_named(const GenerationConfig& config, bool looks_inside, const FindFile& find);

 private:
  std::string name_;
  std::shared_ptr<const LlamaFile> file_;
  ModelOptions options_;
  Engine engine_;
  ModelInfo info_;
  std::string description_;
  std::mutex pairing_;
};

}  // namespace decant
