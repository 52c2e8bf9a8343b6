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

// Models that requests name beside one, with their parts and copies: each has a cache as large as that one's.
inline constexpr std::size_t kMostBeside = 16;

using LoadFile = std::function<std::shared_ptr<const LlamaFile>(const std::string& path, bool only_drafts)>;

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

  // Loads what a request of these options names beside the model. Returns what the model's engine calls the one that is
  // to read the request. Throws ApiError(400), with the option, for what is not served or cannot be used so.
  std::string load_named(ServedModel& model, const GenerationConfig& config);

  std::vector<std::shared_ptr<ServedModel>> loaded() const;

 private:
  void unload_unused();

  using Clock = std::chrono::steady_clock;
  struct Entry {
    std::string path;
    std::mutex loading;
    std::weak_ptr<const LlamaFile> file;  // under `loading`; models that draft for others have it too
    std::shared_ptr<ServedModel> model;   // under mutex_
    Clock::time_point used;
  };
  // REQUIRES: the entry's `loading` is held.
  std::shared_ptr<const LlamaFile> file_of(Entry& entry, bool only_drafts) const;
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
