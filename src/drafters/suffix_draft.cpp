#include "drafters/suffix_draft.h"

#include <queue>
#include <tuple>

namespace decant {
namespace {

using Place = SuffixAutomaton::Place;

struct Candidate {
  double share;
  int last;  // of equally likely ones the latest first
  int parent;
  Token token;
  Place before;  // the run that it follows
  int depth;     // drafted tokens of the run

  bool operator<(const Candidate& other) const {
    return std::tie(share, last, other.parent) < std::tie(other.share, other.last, parent);
  }
};

class Drafting {
 public:
  Drafting(const SuffixAutomaton& automaton, const SuffixLimits& limits) : automaton_(automaton), limits_(limits) {}

  std::vector<SuffixGuess> draft() {
    follow(automaton_.match(), 0, -1, 1);
    while (!candidates_.empty() && std::ssize(guesses_) < limits_.most) {
      const Candidate likeliest = candidates_.top();
      candidates_.pop();
      const int at = likeliest.last - automaton_.text_begin();
      guesses_.push_back({likeliest.parent, likeliest.token, likeliest.share, at < 0 ? -1 : at});
      follow(automaton_.after(likeliest.before, likeliest.token), likeliest.depth + 1,
             static_cast<int>(guesses_.size()) - 1, likeliest.share);
    }
    return std::move(guesses_);
  }

 private:
  // What may come behind a run of which the last `depth` tokens are drafted, with this share.
  void follow(Place place, int depth, int parent, double share) {
    while (may_follow(place, depth)) {
      const auto found = automaton_.continuations(place, limits_.least_share / share);
      for (const auto& each : found) {
        candidates_.push({share * each.share, each.last, parent, each.token, place, depth});
      }
      if (!found.empty() || automaton_.continues(place)) return;
      place = automaton_.shorter(place);
    }
  }

  bool may_follow(const Place& place, int depth) const {
    return depth < SuffixAutomaton::kLongestWalk && depth < limits_.factor * (place.length - depth);
  }

  const SuffixAutomaton& automaton_;
  const SuffixLimits& limits_;
  std::vector<SuffixGuess> guesses_;
  std::priority_queue<Candidate> candidates_;
};

}  // namespace

std::vector<SuffixGuess> suffix_draft(const SuffixAutomaton& automaton, const SuffixLimits& limits) {
  return Drafting(automaton, limits).draft();
}

}  // namespace decant
