// Tested by tests/server/serve_test.py.
#include "server/served_models.h"

#include <algorithm>
#include <condition_variable>

#include "llama/kinds.h"
#include "llama/next_head.h"
#include "llama/self_model.h"
#include "options/table.h"
#include "server/api_error.h"
#include "strategies/resolve.h"

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
    const auto [entry, is_new] = entries_.try_emplace(each.name, std::make_unique<Entry>());
    entry->second->path = each.path;
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
  auto model = std::make_shared<ServedModel>(name, file_of(entry, false), options_, engine_);
  const std::lock_guard lock(mutex_);
  entry.model = model;
  entry.used = Clock::now();
  return model;
}

// One that somebody has is shared, but not a draft of another model by those who want it to speak: loading says why.
std::shared_ptr<const LlamaFile> ServedModels::file_of(Entry& entry, bool only_drafts) const {
  auto file = entry.file.lock();
  if (!file || (!only_drafts && is_draft(file->info()))) entry.file = file = load_(entry.path, only_drafts);
  return file;
}

std::string ServedModels::load_named(ServedModel& model, const GenerationConfig& config) {
  const StrategyRow& row = resolve_strategy(config);
  const std::vector<std::string> named = models_of(row, config);
  const std::size_t first_draft = named.size() - static_cast<std::size_t>(n_drafting(row, config));
  const auto option = [&](std::size_t i) -> std::string {
    const auto given = [&](std::string_view name) { return is_given(config, decant::get(generation_fields(), name)); };
    if (i < first_draft) return "amateur";
    if (named[i] == kNextHead && given("mtp")) return "mtp";
    return given("assistant_model") ? "assistant_model" : given("drafter") ? "drafter" : "assistant_early_exit";
  };
  std::vector<std::string> beside = model.engine().models();
  std::erase_if(beside, [](const std::string& each) { return each.empty() || each.starts_with("for "); });
  for (std::size_t i = 0; i < named.size(); ++i) {
    if (!is_self_model(named[i]) && !has(named[i])) {
      throw ApiError(400,
                     fmt::format("there is no model {} here: served are {}, and self:LAYERS or self:TYPE is the "
                                 "model's own",
                                 named[i], fmt::join(names(), ", ")),
                     option(i));
    }
    if (beside.size() >= kMostBeside && std::ranges::find(beside, named[i]) == beside.end()) {
      throw ApiError(400,
                     fmt::format("{} would be one too many beside {}: name one of {}, which are there", named[i],
                                 model.name(), fmt::join(beside, ", ")),
                     option(i));
    }
  }
  const auto find = [this](const std::string& name, bool only_drafts) {
    Entry& entry = *entries_.at(name);
    const std::lock_guard loading(entry.loading);
    return file_of(entry, only_drafts);
  };
  try {
    return model.load_named(config, false, find);
  } catch (const Error& error) {
    const ApiError told = api_error(error);
    if (named.empty() || told.status >= 500) throw;
    throw ApiError(told.status, told.what(), option(named.size() - 1), told.code);
  }
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
