// Tested by tests/python/.
#include "python/listener.h"

#include <utility>

namespace decant {

Listener::Listener(Ticket ticket, RunInfo info, const Vocab& vocab)
    : vocab_(vocab),
      info_(std::move(info)),
      ticket_(std::move(ticket)),
      tracer_([this](std::string_view line) { trace_.emplace_back(line); }, vocab, info_) {}

TextStream& Listener::stream(int sequence) {
  while (std::ssize(streams_) <= sequence) streams_.push_back(text_stream(info_, vocab_));
  return streams_[static_cast<std::size_t>(sequence)];
}

std::optional<Piece> Listener::hear(const Event& event) {
  if (const auto* token = std::get_if<TokenEvent>(&event))
    return Piece{token->sequence, token->token, stream(token->sequence).push(token->bytes)};
  if (const auto* end = std::get_if<FinishedEvent>(&event)) {
    return Piece{end->sequence, -1, stream(end->sequence).finish(end->stop.cut), to_string(end->stop.reason)};
  }
  tell(tracer_, event);
  return std::nullopt;
}

std::optional<Piece> Listener::next(std::chrono::milliseconds longest) {
  const auto until = std::chrono::steady_clock::now() + longest;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    const auto event = ticket_.next(std::max(left, std::chrono::milliseconds(0)));
    if (!event) return std::nullopt;
    if (auto piece = hear(*event)) return piece;
  }
}

const Outcome& Listener::outcome() {
  while (!ended()) next(std::chrono::hours(1));
  const Outcome& outcome = ticket_.outcome();
  outcome.rethrow();
  return outcome;
}

std::string Listener::json() { return run_json(outcome(), info_); }

}  // namespace decant
