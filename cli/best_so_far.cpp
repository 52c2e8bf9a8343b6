// Tested by tests/cli/best_so_far_test.cpp and terminal_test.py.
#include "cli/best_so_far.h"

#include <algorithm>
#include <limits>

namespace decant {

void BestSoFar::search(const SearchStep& step) {
  living_.reset();
  for (const SearchCandidate& each : step.candidates) {
    if (each.node < 0) continue;
    const auto node = static_cast<std::size_t>(each.node);
    links_.resize(std::max(links_.size(), node + 1));
    links_[node] = {each.parent, each.token};
    if (each.fate == Fate::kept && (!living_ || each.score > living_->score)) living_ = each;
    if (each.fate == Fate::finished && (!ended_ || each.normalized > ended_->normalized)) ended_ = each;
  }
}

std::optional<Sequence> BestSoFar::sequence(const Vocab& vocab, std::string_view healed) const {
  const std::optional<SearchCandidate>& best = ended_ ? ended_ : living_;
  if (!best) return std::nullopt;
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  Sequence sequence;
  sequence.score = unknown;  // the model's, which the search has not told
  sequence.beam = BeamScore{best->score, ended_ ? best->normalized : unknown};
  sequence.finish = best->finish;
  for (int node = best->node; node > 0; node = links_[static_cast<std::size_t>(node)].parent)
    sequence.ids.push_back(links_[static_cast<std::size_t>(node)].token);
  std::reverse(sequence.ids.begin(), sequence.ids.end());
  for (const Token id : sequence.ids) sequence.bytes += vocab.bytes(id);
  sequence.bytes.erase(0, std::min(healed.size(), sequence.bytes.size()));
  return sequence;
}

}  // namespace decant
