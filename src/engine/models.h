// The models of an engine, by name. Safe on any thread.
#pragma once

#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "model/model.h"
#include "model/vocab.h"
#include "run/inquiry.h"

namespace decant {

struct LoadedModel {
  std::string name;
  std::shared_ptr<Model> model;  // which another may have below it
  int level = 0;                 // run/scheduler.h
  ModelId id = -1;

  // For the engine's thread to know when the last request has gone.
  int users = 0;
  bool leaving = false;
};
using SharedModel = std::shared_ptr<LoadedModel>;

class Models {
 public:
  // The model of that name: there, being made by somebody (then this waits), or made now. `enter` is called once with
  // the finished one, before anybody gets it. Throws what `make` throws, to all who wait.
  SharedModel load(const std::string& name, const std::function<SharedModel()>& make,
                   const std::function<void(const SharedModel&)>& enter);

  SharedModel find(const std::string& name) const;  // Error(usage) if it is not there, with what is
  SharedModel remove(const std::string& name);      // null if it is not there
  std::vector<std::string> names() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_future<SharedModel>> by_name_;
};

}  // namespace decant
