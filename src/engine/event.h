// What an engine says of a request while it runs, and what came of it.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <variant>
#include <vector>

#include "run/request.h"

namespace decant {

struct TokenEvent {
  int sequence = 0;
  Token token = -1;
  std::string bytes;  // added to the text
};
struct FinishedEvent {
  int sequence = 0;
  Stop stop;
};
struct SearchEndedEvent {
  std::vector<SearchEnd> ends;  // the answers first, each part best first
};
using Event = std::variant<TokenEvent, FinishedEvent, Decision, SearchStep, SearchEndedEvent>;

// Calls what the observer has for it.
void tell(RunObserver& observer, const Event& event);

// Which events somebody wants to read; the others are not made.
struct Wishes {
  bool texts = true;          // TokenEvent, FinishedEvent
  bool decisions = false;     // Decision
  bool stage_scores = false;  // in the decisions
  bool search = false;        // SearchStep, SearchEndedEvent
};
Wishes wishes_of(const RunObserver& observer);

}  // namespace decant
