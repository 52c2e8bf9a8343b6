// A request that an engine has taken: its events, how it is doing, and what came of it.
//
// Dropping a ticket cancels its request. A ticket is its owner's: one thread at a time; all of it is safe beside the
// engine and beside other tickets.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "engine/bookmark.h"
#include "engine/commands.h"
#include "engine/mailbox.h"

namespace decant {

// What came of a request.
struct Outcome {
  std::vector<Sequence> sequences;  // as far as they were written
  RunStats stats;
  std::exception_ptr error;  // what ended it instead, if something did
  bool cancelled = false;
  std::vector<Bookmark> bookmarks;  // behind each sequence that has ended, where they were asked for; else empty ones

  void rethrow() const {
    if (error) std::rethrow_exception(error);
  }
};

// What a ticket and the engine share of a request.
struct TicketState {
  TicketState(std::size_t bound, std::shared_ptr<Bell> bell) : mailbox(bound, std::move(bell)) {}
  std::uint64_t id = 0;
  std::uint64_t seed = 0;
  Mailbox mailbox;
  std::atomic<bool> given_up = false;  // the command that ends it is on its way

  // Ends it with an error before anything was written.
  void fail(std::exception_ptr error) {
    {
      const std::lock_guard lock(mutex);
      outcome.error = std::move(error);
    }
    mailbox.close();
  }

  std::mutex mutex;  // of what follows
  RunStats stats;
  Outcome outcome;  // complete once the mailbox is closed
};

class Ticket {
 public:
  Ticket() = default;
  Ticket(std::shared_ptr<Commands> commands, std::shared_ptr<TicketState> state)  // made by Engine::submit()
      : commands_(std::move(commands)), state_(std::move(state)) {}
  Ticket(Ticket&&) noexcept = default;
  Ticket& operator=(Ticket&& other) noexcept;
  ~Ticket() { drop(); }

  explicit operator bool() const { return state_ != nullptr; }
  std::uint64_t seed() const;

  // Waits for the next event. Nothing: the request has ended and all were read, or `longest` has passed.
  std::optional<Event> next(std::chrono::milliseconds longest = std::chrono::hours(24));
  std::optional<Event> next_if_any();

  bool ended() const;  // and all events were read

  // The last word. Waits for the end and reads, unseen, the events that are left.
  const Outcome& outcome();

  // How far it is; of one that has ended, as outcome().
  RunStats stats() const;

  void cancel();  // within one step; the events stay readable
  void hold();    // nothing more is written until go_on()
  void go_on();

 private:
  void drop();

  std::shared_ptr<Commands> commands_;
  std::shared_ptr<TicketState> state_;
};

}  // namespace decant
