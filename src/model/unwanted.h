// A forward that nobody wants any more.
//
// Who evaluates says of its thread when that is so. A model that can stop between two operations asks, and throws
// Unwanted: its cache is as it was before the batch. One that cannot goes on to the end.
#pragma once

#include <functional>
#include <utility>

namespace decant {

struct Unwanted {};  // thrown by Model::forward(); no Error, as there is nobody to be told

class UnwantedScope {
 public:
  explicit UnwantedScope(std::function<bool()> unwanted)
      : unwanted_(std::move(unwanted)), outer_(std::exchange(current(), this)) {}
  ~UnwantedScope() { current() = outer_; }
  UnwantedScope(const UnwantedScope&) = delete;
  UnwantedScope& operator=(const UnwantedScope&) = delete;

  static bool says_so() { return current() && current()->unwanted_(); }  // of this thread

 private:
  static UnwantedScope*& current() {
    thread_local UnwantedScope* innermost = nullptr;
    return innermost;
  }

  std::function<bool()> unwanted_;
  UnwantedScope* outer_;
};

}  // namespace decant
