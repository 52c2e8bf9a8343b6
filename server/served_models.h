// The models that a server has, by name: loaded at first use, and let go, but for the first, when nobody has used them
// for a while.
//
// Each has an engine of its own, in which self:15 or another served model that drafts for it is a further model; so
// requests for one model are one batch, and those for two are two.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/engine.h"
#include "llama/llama_file.h"
#include "options/model_options.h"

namespace decant {

using LoadFile = std::function<std::shared_ptr<const LlamaFile>(const std::string& path)>;

class ServedModel {
 public:
  ServedModel(std::string name, std::shared_ptr<const LlamaFile> file, const ModelOptions& options,
              const EngineOptions& engine);

  const std::string& name() const { return name_; }
  const LlamaFile& file() const { return *file_; }
  const std::shared_ptr<const LlamaFile>& shared_file() const { return file_; }
  Engine& engine() { return engine_; }
  const ModelInfo& info() const { return info_; }

  // Loads a model that a request names beside this one: self:LAYERS, self:TYPE, or what `find` has by that name.
  using FindFile = std::function<std::shared_ptr<const LlamaFile>(const std::string& name)>;
  void load_further(const std::string& name, bool only_drafts, const FindFile& find);

 private:
  std::string name_;
  std::shared_ptr<const LlamaFile> file_;
  ModelOptions options_;
  Engine engine_;
  ModelInfo info_;
};

struct NamedModel {
  std::string name, path;
};

class ServedModels {
 public:
  // The first is the one for requests that name none. `unload_after`: seconds; 0: never.
  ServedModels(std::vector<NamedModel> models, const ModelOptions& options, const EngineOptions& engine, LoadFile load,
               double unload_after);

  std::vector<std::string> names() const;
  const std::string& first() const { return models_.front().name; }

  // Waits while it is loaded. "" is the first. Throws ApiError(404) for a name that is none, Error for what loading
  // throws.
  std::shared_ptr<ServedModel> get(const std::string& name);

  // The same with every further model of these names in its engine. Throws ApiError(400) for one that is not served.
  std::shared_ptr<ServedModel> get(const std::string& name, const std::vector<std::string>& further, int n_drafting);

  std::vector<std::shared_ptr<ServedModel>> loaded() const;

 private:
  void unload_unused();

  using Clock = std::chrono::steady_clock;
  struct Entry {
    std::mutex loading;
    std::shared_ptr<ServedModel> model;  // under mutex_
    Clock::time_point used;
  };
  std::shared_ptr<const LlamaFile> file_of(const std::string& name);
  bool has(const std::string& name) const { return entries_.contains(name); }

  std::vector<NamedModel> models_;
  ModelOptions options_;
  EngineOptions engine_;
  LoadFile load_;
  double unload_after_;
  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Entry>> entries_;
  std::jthread unloading_;  // ends before the rest does
};

}  // namespace decant
