#include "engine/event.h"

namespace decant {
namespace {

struct Teller {
  RunObserver& observer;
  void operator()(const TokenEvent& e) const { observer.token(e.sequence, e.token, e.bytes); }
  void operator()(const FinishedEvent& e) const { observer.finished(e.sequence, e.stop); }
  void operator()(const Decision& e) const { observer.decision(e); }
  void operator()(const SearchStep& e) const { observer.search(e); }
  void operator()(const SearchEndedEvent& e) const { observer.search_ended(e.ends); }
};

}  // namespace

void tell(RunObserver& observer, const Event& event) { std::visit(Teller{observer}, event); }

Wishes wishes_of(const RunObserver& observer) {
  return {.texts = observer.wants_text(),
          .decisions = observer.wants_decisions(),
          .stage_scores = observer.wants_stage_scores(),
          .search = observer.wants_search()};
}

}  // namespace decant
