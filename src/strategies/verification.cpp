// Tested by tests/strategies/speculative_test.cpp.
#include "strategies/verification.h"

#include "strategies/speculative_trace.h"

namespace decant {
namespace {

// The round's own numbers: what was drafted and thrown away tells nothing about those of the next.
class RoundChance : public Chance {
 public:
  RoundChance(const Run& run, const Draft& draft, int lane) : run_(run), draft_(draft), lane_(lane) {}
  bool happens(double probability) override {
    return run_.uniform(draft_.sequence(), draft_.tip(), Stream::accept, lane_++) < probability;
  }
  Token pick(std::span<const std::pair<Token, double>> weights) override {
    double total = 0;
    for (const auto& each : weights) total += each.second;
    double left = run_.uniform(draft_.sequence(), draft_.tip(), Stream::residual, lane_++) * total;
    Token last = -1;
    for (const auto& [token, weight] : weights) {
      if (weight <= 0) continue;
      last = token;
      if (left < weight) return token;
      left -= weight;
    }
    return last;  // where sums differ in their last digits
  }

 private:
  const Run& run_;
  const Draft& draft_;
  int lane_;
};

constexpr int kLanes = 1024;  // of a place: more than it has guesses

}  // namespace

Verification::Verification(Run& run, Scoring& scoring, Rows rows, std::size_t n, const Draft& draft,
                           std::string_view how)
    : run_(run), scoring_(scoring), rows_(rows), n_(n), draft_(draft), how_(how), tip_(draft.tip()) {}

Step Verification::process(int at, const Node& node) {
  const auto row = static_cast<std::size_t>(at == kTip ? draft_.row : guess(at).row);
  const Feed feed = scoring_.feed(rows_, row, n_);
  return run_.process(draft_.sequence(), node, rows_[row], feed);
}

std::vector<Guessed> Verification::guessed_at(int at) const {
  std::vector<Guessed> guessed;
  for (const Guess& each : draft_.guesses()) {
    if (each.parent == at) guessed.push_back({each.node.token(), each.drawn_from.get()});
  }
  return guessed;
}

int Verification::first_child(int at) const {
  for (int i = at + 1; i < std::ssize(draft_.guesses()); ++i) {
    if (guess(i).parent == at) return i;
  }
  return kTip;
}

Verification::Chain Verification::chain() {
  Chain chain;
  Node node = tip_;
  for (int at = at_, next = first_child(at); next != kTip; at = next, next = first_child(at)) {
    if (at != at_ && guess(at).row < 0) break;
    try {
      const Step step = process(at, node);
      chain.laws.push_back(run_.law(step));
      chain.guessed.push_back({guess(next).node.token(), guess(next).drawn_from.get()});
      node = run_.child(step, chain.guessed.back().token);
    } catch (const NothingLeft&) {  // the text would end there
      if (at == at_) throw;
      break;
    }
  }
  return chain;
}

Token Verification::draw(const Step& step) {
  const bool shown = run_.wants_decisions();
  const auto racers = step.scores.race(shown ? kShownEntrants : 1, run_.noise(draft_.sequence(), step.tip));
  if (shown) race_ = entrants(racers, step.scores);
  return racers.front().id;
}

Verdict Verification::verify(const Law& p, std::span<const Guessed> guesses) {
  RoundChance chance(run_, draft_, written_ * kLanes);
  return verify_place(p, guesses, chance);
}

Verdict Verification::verify_block(const Chain& chain) {
  RoundChance chance(run_, draft_, 0);
  return decant::verify_block(chain.laws, chain.guessed, chance);
}

bool Verification::write(const Step& step, Token token, std::span<const Trial> trials) {
  const int next = draft_.child(at_, token);
  tip_ = run_.emit(draft_.sequence(), step, token, why(step, token, next, trials));
  race_.clear();
  ++written_;
  if (next == kTip) return false;
  at_ = next;
  return !run_.finished(draft_.sequence());
}

Why Verification::why(const Step& step, Token token, int kept, std::span<const Trial> trials) {
  Why why{.race = race_};
  if (!run_.wants_decisions()) return why;
  why.strategy = scoring_.explain(step, token);
  if (draft_.empty()) return why;
  const auto trace = std::make_shared<SpeculativeTrace>();
  trace->scoring = why.strategy;
  trace->drafter = draft_.drafter;
  trace->verify = how_;
  trace->guesses = static_cast<int>(draft_.guesses().size());
  trace->depth = written_;
  for (const Guess& each : draft_.guesses()) {
    if (each.parent == at_) trace->drafted.push_back({each.node.token(), each.q});
  }
  for (std::size_t i = 0; i < std::min(trials.size(), trace->drafted.size()); ++i) trace->drafted[i].trial = trials[i];
  trace->verdict = kept != kTip ? "accepted" : trace->drafted.empty() ? "bonus" : "rejected";
  if (kept != kTip) trace->source = guess(kept).source;
  why.strategy = trace;
  return why;
}

}  // namespace decant
