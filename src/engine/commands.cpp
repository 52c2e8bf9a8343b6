#include "engine/commands.h"

#include <utility>

namespace decant {

bool Commands::post(Command command) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return false;
    list_.push_back(std::move(command));
  }
  posted_.notify_one();
  return true;
}

std::vector<Command> Commands::take(bool wait) {
  std::unique_lock lock(mutex_);
  if (wait) posted_.wait(lock, [&] { return stopped_ || !list_.empty(); });
  return std::exchange(list_, {});
}

void Commands::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  posted_.notify_one();
}

bool Commands::stopped() const {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

}  // namespace decant
