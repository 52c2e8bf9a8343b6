// Tested by tests/engine/engine_test.cpp.
#include "engine/ticket.h"

#include <utility>

#include "engine/core.h"

namespace decant {

Ticket& Ticket::operator=(Ticket&& other) noexcept {
  if (this != &other) {
    drop();
    commands_ = std::move(other.commands_);
    state_ = std::move(other.state_);
  }
  return *this;
}

void Ticket::drop() {
  if (state_) cancel();
  state_.reset();
}

std::uint64_t Ticket::seed() const { return state_->seed; }

std::optional<Event> Ticket::next_if_any() {
  std::optional<Event> event = state_->mailbox.take();
  if (state_->mailbox.was_half_emptied()) {
    commands_->post([id = state_->id](EngineCore& core) { core.emptied(id); });
  }
  return event;
}

std::optional<Event> Ticket::next(std::chrono::milliseconds longest) {
  const auto until = std::chrono::steady_clock::now() + longest;
  std::uint64_t seen = state_->mailbox.bell().count();
  for (;;) {
    if (auto event = next_if_any()) return event;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (ended() || left.count() <= 0) return std::nullopt;
    seen = state_->mailbox.bell().wait(seen, left);
  }
}

bool Ticket::ended() const { return state_->mailbox.closed(); }

const Outcome& Ticket::outcome() {
  while (!ended()) next();
  return state_->outcome;
}

RunStats Ticket::stats() const {
  const std::lock_guard lock(state_->mutex);
  return state_->stats;
}

void Ticket::cancel() {
  state_->given_up = true;
  commands_->post([id = state_->id](EngineCore& core) { core.cancel(id); });
}

void Ticket::hold() {
  commands_->post([id = state_->id](EngineCore& core) { core.hold(id, true); });
}

void Ticket::go_on() {
  commands_->post([id = state_->id](EngineCore& core) { core.hold(id, false); });
}

}  // namespace decant
