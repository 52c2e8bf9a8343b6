// Who may begin: a request is admitted when the cells that it may come to need are free in the cache of each of its
// models, not counting what is kept for nobody's sake. So what is admitted is never ended for want of cells that
// another has.
#pragma once

#include <map>
#include <vector>

#include "run/inquiry.h"

namespace decant {

struct Promise {
  ModelId model = 0;
  int cells = 0;
};

class Admission {
 public:
  void add(ModelId model, int cells) { rooms_[model] = {cells, 0}; }
  void remove(ModelId model) { rooms_.erase(model); }

  bool fits(const std::vector<Promise>& promises) const;
  void take(const std::vector<Promise>& promises);  // REQUIRES: fits()
  void give_back(const std::vector<Promise>& promises);

 private:
  struct Room {
    int cells = 0, promised = 0;
  };
  std::map<ModelId, Room> rooms_;
};

}  // namespace decant
