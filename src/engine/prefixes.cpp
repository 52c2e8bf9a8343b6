// Tested by tests/engine/prefixes_test.cpp.
#include "engine/prefixes.h"

#include <algorithm>
#include <utility>

namespace decant {

void Prefixes::keep(Node text) {
  texts_.remove(text);
  texts_.push_front(std::move(text));
  if (texts_.size() > most_) texts_.pop_back();
}

bool Prefixes::drop_oldest() {
  if (texts_.empty()) return false;
  texts_.pop_back();
  return true;
}

}  // namespace decant
