// Tested by tests/strategies/speculative_test.cpp.
#include "strategies/speculation.h"

#include <algorithm>
#include <utility>

namespace decant {
namespace {

void count(std::vector<std::int64_t>& by_depth, int depth) {
  by_depth.resize(std::max(by_depth.size(), static_cast<std::size_t>(depth)));
  for (int i = 0; i < depth; ++i) ++by_depth[static_cast<std::size_t>(i)];
}

}  // namespace

std::vector<Node> number_rows(std::vector<Draft>& drafts) {
  std::vector<Node> nodes;
  for (Draft& draft : drafts) {
    draft.row = static_cast<int>(nodes.size());
    nodes.push_back(draft.tip());
    for (std::size_t i = 0; i < draft.guesses().size(); ++i) {
      if (!draft.goes_on(static_cast<int>(i))) continue;
      draft.guesses()[i].row = static_cast<int>(nodes.size());
      nodes.push_back(draft.guesses()[i].node);
    }
  }
  return nodes;
}

// A seed's text may hang on how much was drafted, unless it is verified by race: then no clock has a say.
Speculation::Speculation(Run& run) : measures_(verify_option(run.config()) == "race" && measures_drafts(run.config())) {
  int model = run.first_drafting_model();
  for (const DrafterRow* row : drafters_of(run.config())) {
    const int most = row->most(run.config());
    drafters_.push_back({row->name, row->make(run, model), most, DraftLength(most)});
    if (row->models) model += static_cast<int>(row->models(run.config()).size());
    run.speculation().drafters.push_back({row->name});
  }
}

// Guesses that it may make for a text now.
int Speculation::limit(Named& named, int texts) {
  if (!measures_) return named.most;
  if (!named.length.is_worth_asking(texts, costs_)) return 0;
  int most = 0;
  for (int kind = 0; kind < DraftLength::kKinds; ++kind)
    most = std::max(most, named.length.choose(kind, texts, costs_));
  return most;
}

Task<void> Speculation::guess(Run& run, std::vector<Draft>& drafts) {
  const int texts = static_cast<int>(drafts.size());
  for (Named& each : drafters_) {
    const int most = limit(each, texts);
    if (most == 0) continue;
    for (Draft& draft : drafts) draft.most = most;
    const double begin = run.seconds();
    const std::span<Draft> span = drafts;
    Drafter& drafter = *each.drafter;
    co_await drafter.draft(run, span);
    int depth = 0;
    for (Draft& draft : drafts) {
      if (draft.empty() || !draft.drafter.empty()) continue;
      depth = std::max(depth, draft.depth());
      if (measures_) draft.truncate(each.length.choose(draft.kind, texts, costs_));
      if (!draft.empty()) draft.drafter = each.name;
    }
    each.length.guessed(depth, run.seconds() - begin);
  }
  asked_ = std::exchange(reads_prompt_, false) ? -1 : run.seconds();
}

void Speculation::evaluated(const Run& run, std::size_t rows) {
  if (asked_ >= 0) costs_.measured(static_cast<int>(rows), run.seconds() - asked_);
}

void Speculation::learn(Run& run, const Draft& draft, int kept, int written) {
  SpeculationStats& stats = run.speculation();
  ++stats.rounds;
  stats.tokens += written;
  if (draft.empty()) return;
  const auto is_its = [&](const auto& each) { return each.name == draft.drafter; };
  auto& its = *std::find_if(stats.drafters.begin(), stats.drafters.end(), is_its);
  ++its.rounds;
  its.drafted += std::ssize(draft.guesses());
  its.kept += kept;
  count(its.reached, draft.depth());
  count(its.kept_at, kept);
  const auto is_named = [&](const Named& each) { return each.name == draft.drafter; };
  std::find_if(drafters_.begin(), drafters_.end(), is_named)->length.verified(draft.kind, draft.depth(), kept);
}

}  // namespace decant
