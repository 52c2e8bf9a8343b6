// Tested by tests/engine/engine_test.cpp.
#include "engine/models.h"

#include <fmt/ranges.h>

#include "base/error.h"

namespace decant {
namespace {

bool is_ready(const std::shared_future<SharedModel>& model) {
  return model.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

}  // namespace

SharedModel Models::load(const std::string& name, const std::function<SharedModel()>& make,
                         const std::function<void(const SharedModel&)>& enter) {
  std::promise<SharedModel> made;
  {
    std::unique_lock lock(mutex_);
    const auto found = by_name_.find(name);
    if (found != by_name_.end()) {
      const std::shared_future<SharedModel> model = found->second;
      lock.unlock();
      return model.get();
    }
    by_name_.emplace(name, made.get_future().share());
  }
  try {
    const SharedModel model = make();
    enter(model);
    made.set_value(model);
    return model;
  } catch (...) {
    {
      const std::lock_guard lock(mutex_);
      by_name_.erase(name);
    }
    made.set_exception(std::current_exception());
    throw;
  }
}

SharedModel Models::find(const std::string& name) const {
  {
    const std::lock_guard lock(mutex_);
    const auto found = by_name_.find(name);
    if (found != by_name_.end() && is_ready(found->second)) return found->second.get();
  }
  throw Error(ErrorKind::usage, "there is no model {}: loaded {}", name,
              names().empty() ? "is none" : fmt::format("are {}", fmt::join(names(), ", ")));
}

SharedModel Models::remove(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = by_name_.find(name);
  if (found == by_name_.end() || !is_ready(found->second)) return nullptr;
  const SharedModel model = found->second.get();
  by_name_.erase(found);
  return model;
}

std::vector<std::string> Models::names() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, model] : by_name_) {
    if (is_ready(model)) names.push_back(name);
  }
  return names;
}

}  // namespace decant
