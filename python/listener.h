// A request that the engine has taken, as Python listens to it: its events as pieces of text, its trace as lines, and
// at the end what the command line says of a run. No Python in here.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "cli/run_report.h"
#include "engine/ticket.h"

namespace decant {

struct Piece {
  int sequence = 0;
  Token token = -1;  // -1: the text has ended
  std::string text;  // that can be shown now: whole characters
  std::string_view finish = {};
};

class Listener {
 public:
  Listener(Ticket ticket, RunInfo info, const Vocab& vocab);

  // The next piece, if one comes in time; what is no text goes into the trace. Nothing: see ended().
  std::optional<Piece> next(std::chrono::milliseconds longest);
  bool ended() const { return ticket_.ended(); }
  void cancel() { ticket_.cancel(); }
  void go_on() { ticket_.go_on(); }

  const std::vector<std::string>& trace() const { return trace_; }  // JSON lines
  const RunInfo& info() const { return info_; }

  // Waits for the end. Throws what ended it instead.
  const Outcome& outcome();
  std::string json();  // as `decant run --json`

 private:
  std::optional<Piece> hear(const Event& event);
  TextStream& stream(int sequence);

  const Vocab& vocab_;
  RunInfo info_;
  Ticket ticket_;
  std::vector<TextStream> streams_;  // by sequence
  std::vector<std::string> trace_;
  TraceWriter tracer_;
};

}  // namespace decant
