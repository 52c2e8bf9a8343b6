// The models that a server has, by name: loaded at first use, and let go, but for the first, when nobody has used them
// for a while.
// Requests for one model are one batch, and those for two are two.
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
#include "server/served_model.h"

namespace decant {

using LoadFile = std::function<std::shared_ptr<const LlamaFile>(const std::string& path)>;

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
