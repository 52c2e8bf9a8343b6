// Tested by tests/engine/admission_test.cpp.
#include "engine/admission.h"

#include <algorithm>
#include <cassert>

namespace decant {

bool Admission::fits(const std::vector<Promise>& promises) const {
  return std::all_of(promises.begin(), promises.end(), [&](const Promise& each) {
    const Room& room = rooms_.at(each.model);
    return each.cells <= room.cells - room.promised;
  });
}

void Admission::take(const std::vector<Promise>& promises) {
  assert(fits(promises));
  for (const Promise& each : promises) rooms_.at(each.model).promised += each.cells;
}

void Admission::give_back(const std::vector<Promise>& promises) {
  for (const Promise& each : promises) rooms_.at(each.model).promised -= each.cells;
}

}  // namespace decant
