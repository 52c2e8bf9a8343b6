#include "strategies/penalty_trace.h"

#include <algorithm>

namespace decant {

PenaltyTrace::PenaltyTrace(Run& run, const Search& search, const std::vector<Token>& taken)
    : run_(run), penalty_(search.watched() ? run.config().diversity_penalty : 0), taken_(taken) {}

void PenaltyTrace::look(int lane, const Beam& beam, const Step& step) {
  if (penalty_ == 0) return;
  for (auto token = taken_.begin(); token != taken_.end(); ++token) {
    if (std::find(taken_.begin(), token, *token) != token) continue;  // seen before
    const double score = beam.score + static_cast<double>(step.scores.score(*token));
    const auto beams = static_cast<double>(std::count(token, taken_.end(), *token));
    penalised_.push_back(
        {.beam = lane, .choice = run_.choose(step, *token), .score = score, .penalty = penalty_ * beams});
  }
}

void PenaltyTrace::explain(Search& search, const std::vector<Beam>& beams, const Extensions& candidates,
                           const std::vector<Extension>& survivors, int group) {
  if (survivors.empty()) return;
  int rank = static_cast<int>(candidates.list().size());
  for (Extension& each : penalised_) {
    const auto same = [&](const Extension& e) { return e.beam == each.beam && e.choice.token == each.choice.token; };
    const auto listed = std::find_if(candidates.list().begin(), candidates.list().end(), same);
    const double last = survivors.back().score;
    const bool lost_its_place = each.score < last && each.score + each.penalty > last;
    SearchCandidate* trace = nullptr;
    if (listed != candidates.list().end()) {
      trace = search.noted(*listed);
    } else if (lost_its_place) {
      trace = search.note(beams[static_cast<std::size_t>(each.beam)], each, group, rank++);
    }
    if (!trace) continue;
    trace->penalty = each.penalty;
    if (trace->fate == Fate::pruned && lost_its_place) trace->reason = PruneReason::group_penalty;
  }
}

}  // namespace decant
