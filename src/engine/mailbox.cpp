// Tested by tests/engine/parts_test.cpp.
#include "engine/mailbox.h"

#include <utility>

namespace decant {

void Bell::ring() {
  {
    const std::lock_guard lock(mutex_);
    ++count_;
  }
  rung_.notify_all();
  if (heard_) heard_();
}

std::uint64_t Bell::count() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

std::uint64_t Bell::wait(std::uint64_t seen, std::chrono::milliseconds longest) {
  std::unique_lock lock(mutex_);
  rung_.wait_for(lock, longest, [&] { return count_ != seen; });
  return count_;
}

bool Mailbox::put(Event event) {
  bool full;
  {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
    full = full_ |= events_.size() >= bound_;
  }
  bell_->ring();
  return !full;
}

void Mailbox::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  bell_->ring();
}

std::optional<Event> Mailbox::take() {
  const std::lock_guard lock(mutex_);
  if (events_.empty()) return std::nullopt;
  std::optional<Event> event = std::move(events_.front());
  events_.pop_front();
  return event;
}

bool Mailbox::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_ && events_.empty();
}

bool Mailbox::was_half_emptied() {
  const std::lock_guard lock(mutex_);
  return full_ && events_.size() <= bound_ / 2 ? std::exchange(full_, false) : false;
}

}  // namespace decant
