// What other threads want done on the engine's thread, in order.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

namespace decant {

class EngineCore;

using Command = std::function<void(EngineCore&)>;

// Outlives the engine with whoever still has a ticket or a bookmark: what is posted then is dropped.
class Commands {
 public:
  bool post(Command command);            // false: the engine has stopped, or is stopping
  std::vector<Command> take(bool wait);  // all there are; waits for one, or for stop(), if there is none
  void stop();
  bool stopped() const;

  std::uint64_t new_id() { return ++ids_; }  // of a ticket or a bookmark

 private:
  mutable std::mutex mutex_;
  std::condition_variable posted_;
  std::vector<Command> list_;
  bool stopped_ = false;
  std::atomic<std::uint64_t> ids_ = 0;
};

}  // namespace decant
