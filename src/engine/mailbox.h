// A bounded queue of one request's events, from the engine's thread to whoever reads them.
//
// The engine never blocks on it: when it is full the request is held, and goes on when half of it has been read. What
// one step of the engine writes is let in whole, so the bound is soft by so much.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "engine/event.h"

namespace decant {

// Rung whenever a mailbox that hangs on it has something new: whoever reads several can wait for all of them.
class Bell {
 public:
  Bell() = default;
  // `heard` is called at each ring, on the thread that rings and with no lock held: for readers that do not wait for a
  // bell, but are woken by an event loop. It must neither block nor throw.
  explicit Bell(std::function<void()> heard) : heard_(std::move(heard)) {}

  void ring();
  std::uint64_t count() const;  // of its rings so far
  // Until it has rung more often than `seen` says, or for so long. Returns the count.
  std::uint64_t wait(std::uint64_t seen, std::chrono::milliseconds longest);

 private:
  mutable std::mutex mutex_;
  std::condition_variable rung_;
  std::uint64_t count_ = 0;
  std::function<void()> heard_;
};

class Mailbox {
 public:
  Mailbox(std::size_t bound, std::shared_ptr<Bell> bell) : bound_(bound), bell_(std::move(bell)) {}

  // ---- the engine's side
  bool put(Event event);  // false: it is full now
  void close();           // nothing more will come

  // ---- the reader's
  std::optional<Event> take();  // the next one, if there is one
  bool closed() const;          // and empty
  bool was_half_emptied();      // since it was full; true once

  Bell& bell() { return *bell_; }

 private:
  const std::size_t bound_;
  const std::shared_ptr<Bell> bell_;
  mutable std::mutex mutex_;
  std::deque<Event> events_;
  bool full_ = false;
  bool closed_ = false;
};

}  // namespace decant
