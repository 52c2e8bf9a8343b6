// Tested by tests/strategies/speculative_test.cpp.
#include "strategies/speculation.h"

#include <algorithm>

namespace decant {
namespace {

// How deep a draft goes.
int depth_of(const Draft& draft) {
  int deepest = 0;
  for (const Guess& each : draft.guesses()) deepest = std::max(deepest, each.node.length() - draft.tip().length());
  return deepest;
}

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

Speculation::Speculation(Run& run) {
  int model = run.first_drafting_model();
  for (const DrafterRow* row : drafters_of(run.config())) {
    drafters_.push_back({row->name, row->make(run, model)});
    if (row->models) model += static_cast<int>(row->models(run.config()).size());
    most_ = std::max(most_, row->most(run.config()));
    run.speculation().drafters.push_back({row->name});
  }
}

Task<void> Speculation::guess(Run& run, std::vector<Draft>& drafts) {
  for (Draft& each : drafts) each.most = most_;
  for (const Named& each : drafters_) {
    const std::span<Draft> span = drafts;
    Drafter& drafter = *each.drafter;
    co_await drafter.draft(run, span);
    for (Draft& draft : drafts) {
      if (!draft.empty() && draft.drafter.empty()) draft.drafter = each.name;
    }
  }
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
  count(its.reached, depth_of(draft));
  count(its.kept_at, kept);
}

}  // namespace decant
