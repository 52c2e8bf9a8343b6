// What Python objects of a model and of its requests own. The engine's thread may need the interpreter's lock to end
// what it is doing, so whatever waits for it, the end of these objects included, lets go of the lock.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "python/bindings.h"
#include "python/callables.h"
#include "python/listener.h"
#include "python/opened_model.h"

namespace decant {

template <class T>
class Unlocked {
 public:
  explicit Unlocked(std::shared_ptr<T> it) : it_(std::move(it)) {}
  Unlocked(Unlocked&& other) noexcept = default;
  Unlocked& operator=(Unlocked&& other) noexcept = default;
  ~Unlocked() {
    if (!it_) return;
    const nanobind::gil_scoped_release unlocked;
    it_.reset();
  }
  T& operator*() const { return *it_; }
  T* operator->() const { return it_.get(); }
  const std::shared_ptr<T>& shared() const { return it_; }

 private:
  std::shared_ptr<T> it_;
};

struct PythonModel {
  Unlocked<OpenedModel> opened;
};

struct PythonRequest {
  Unlocked<OpenedModel> model;  // outlives the rest
  Unlocked<Listener> listener;
};

// How a request is made in Python, whoever decodes it.
struct PythonCall {
  const PythonOptions& options;
  const Prompt& prompt;
  bool texts = false, trace = false;  // what is to be heard of it
  std::vector<std::pair<std::string, nanobind::object>> processors = {};
  nanobind::object allowed = nanobind::none();
  Bookmark from = {};
  bool bookmarks = false;
  std::shared_ptr<Bell> bell = {};
};
OpenedModel::Request request_of(const OpenedModel& model, const PythonCall& call);

struct PythonOutcome {
  std::string json;
  Outcome outcome;
};
PythonOutcome outcome_of(Listener& listener);  // waits for the end; the lock is held

}  // namespace decant
