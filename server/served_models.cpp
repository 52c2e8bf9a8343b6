// Tested by tests/server/serve_test.py.
#include "server/served_models.h"

#include <algorithm>
#include <condition_variable>

#include "llama/self_model.h"
#include "server/api_error.h"

namespace decant {
namespace {

constexpr auto kLook = std::chrono::seconds(1);  // between two looks for unused models

}  // namespace

ServedModels::ServedModels(std::vector<NamedModel> models, const ModelOptions& options, const EngineOptions& engine,
                           LoadFile load, double unload_after)
    : models_(std::move(models)),
      options_(options),
      engine_(engine),
      load_(std::move(load)),
      unload_after_(unload_after) {
  for (const NamedModel& each : models_) {
    const bool is_new = entries_.try_emplace(each.name, std::make_unique<Entry>()).second;
    if (!is_new) throw Error(ErrorKind::usage, "two models are to be served as {}: name one otherwise", each.name);
  }
  if (unload_after_ <= 0 || models_.size() < 2) return;
  unloading_ = std::jthread([this](const std::stop_token& stop) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any pause;
    while (!pause.wait_for(lock, stop, kLook, [&] { return stop.stop_requested(); })) unload_unused();
  });
}

std::vector<std::string> ServedModels::names() const {
  std::vector<std::string> names;
  for (const NamedModel& each : models_) names.push_back(each.name);
  return names;
}

std::shared_ptr<ServedModel> ServedModels::get(const std::string& wanted) {
  const std::string& name = wanted.empty() ? first() : wanted;
  const auto found = entries_.find(name);
  if (found == entries_.end()) {
    throw ApiError(404, fmt::format("there is no model {}: served are {}", name, fmt::join(names(), ", ")), "model",
                   "model_not_found");
  }
  Entry& entry = *found->second;
  const auto there = [&] {
    const std::lock_guard lock(mutex_);
    entry.used = Clock::now();
    return entry.model;
  };
  if (auto model = there()) return model;
  const std::lock_guard loading(entry.loading);
  if (auto model = there()) return model;
  const auto it = std::find_if(models_.begin(), models_.end(), [&](const auto& each) { return each.name == name; });
  auto model = std::make_shared<ServedModel>(name, load_(it->path), options_, engine_);
  const std::lock_guard lock(mutex_);
  entry.model = model;
  entry.used = Clock::now();
  return model;
}

std::shared_ptr<const LlamaFile> ServedModels::file_of(const std::string& name) { return get(name)->shared_file(); }

std::shared_ptr<ServedModel> ServedModels::get(const std::string& name, const std::vector<std::string>& further,
                                               int n_drafting) {
  for (const std::string& each : further) {
    if (is_self_model(each) || has(each)) continue;
    throw ApiError(400,
                   fmt::format("there is no model {} here: served are {}, and self:LAYERS or self:TYPE is the "
                               "model's own",
                               each, fmt::join(names(), ", ")),
                   "model");
  }
  auto model = get(name);
  for (std::size_t i = 0; i < further.size(); ++i) {
    const bool only_drafts = i + static_cast<std::size_t>(n_drafting) >= further.size();
    model->load_further(further[i], only_drafts, [this](const std::string& other, bool) { return file_of(other); });
  }
  return model;
}

std::vector<std::shared_ptr<ServedModel>> ServedModels::loaded() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<ServedModel>> models;
  for (const auto& entry : entries_) {
    if (entry.second->model) models.push_back(entry.second->model);
  }
  return models;
}

void ServedModels::unload_unused() {
  std::vector<std::shared_ptr<ServedModel>> unused;  // let go outside of the lock: an engine ends
  const std::lock_guard lock(mutex_);
  for (const auto& each : entries_) {
    if (each.first == first()) continue;
    Entry& entry = *each.second;
    const bool is_idle = entry.model && entry.model.use_count() == 1;
    if (is_idle && Clock::now() - entry.used > std::chrono::duration<double>(unload_after_))
      unused.push_back(std::move(entry.model));
  }
}

}  // namespace decant
