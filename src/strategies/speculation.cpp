// Tested by tests/strategies/speculative_test.cpp.
#include "strategies/speculation.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace decant {
namespace {

constexpr int kMostGuesses = 256;  // of a model at a time: as num_assistant_tokens may be

void count(std::vector<std::int64_t>& by_depth, int depth) {
  by_depth.resize(std::max(by_depth.size(), static_cast<std::size_t>(depth)));
  for (int i = 0; i < depth; ++i) ++by_depth[static_cast<std::size_t>(i)];
}

}  // namespace

void check_takes_back(const ModelInfo& target, std::string_view drafter) {
  if (target.rewind > 0) return;
  throw Error(
      ErrorKind::unavailable,
      "{} cannot take back drafts that are rejected: libllama keeps only the last state of a model of its kind; "
      "drop {}",
      target.name, drafter);
}

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

Speculation::Speculation(Run& run) : schedule_(draft_schedule(run.config())) {
  // A seed's text may hang on how much was drafted, unless it is verified by race: then no clock has a say.
  if (schedule_ == DraftSchedule::measured && verify_option(run.config()) != "race")
    schedule_ = DraftSchedule::constant;
  const ModelInfo& target = run.model_info(0);
  only_chains_ = target.rewind != kRewindAll;
  if (target.rewind == 0) {
    const auto drafters = drafters_of(run.config());
    if (!drafters.empty() && !only_usual(run.config())) check_takes_back(target, drafters[0]->name);
    return;
  }
  int model = run.first_drafting_model();
  for (const DrafterRow* row : drafters_of(run.config())) {
    const DrafterRow& its = who_guesses(*row, run, model);
    const int most = std::min(its.most(run.config()), target.rewind);
    const bool has_models = its.models != nullptr;
    drafters_.push_back({its.name, its.make(run, model), most, has_models, DraftLength(most, its.kinds, has_models)});
    if (row->models) model += static_cast<int>(row->models(run.config()).size());
    run.speculation().drafters.push_back({its.name});
  }
}

// Guesses that it may make for a text now.
int Speculation::limit(Named& named, int texts) {
  return schedule_ == DraftSchedule::measured ? named.length.limit(texts, costs_) : named.most;
}

Task<void> Speculation::guess(Run& run, std::vector<Draft>& drafts) {
  const int texts = static_cast<int>(drafts.size());
  for (std::size_t i = 0; i < drafters_.size(); ++i) {
    Named& each = drafters_[i];
    std::int64_t& idle = run.speculation().drafters[i].idle;
    const auto silent = std::count_if(drafts.begin(), drafts.end(), [](const Draft& draft) { return draft.empty(); });
    const int most = silent > 0 ? limit(each, texts) : 0;
    if (most == 0) {
      idle += silent;
      continue;
    }
    for (Draft& draft : drafts) draft.most = most;
    const double begin = run.seconds();
    const std::span<Draft> span = drafts;
    Drafter& drafter = *each.drafter;
    co_await drafter.draft(run, span);
    std::size_t guesses = 0;  // the most of one draft: models draft for all at once
    for (Draft& draft : drafts) {
      if (draft.empty() || !draft.drafter.empty()) continue;
      guesses = std::max(guesses, draft.guesses().size());
      if (only_chains_) draft.keep_first();
      if (schedule_ == DraftSchedule::measured) draft.truncate(each.length.choose(draft.kind, texts, costs_));
      if (draft.empty())
        ++idle;
      else
        draft.drafter = each.name;
    }
    each.length.guessed(static_cast<int>(guesses), run.seconds() - begin, drafter.catching_up());
  }
  asked_ = std::exchange(reads_prompt_, false) ? -1 : run.seconds();
}

void Speculation::evaluated(const Run& run, std::size_t rows) {
  const int own = static_cast<int>(rows);
  const auto others = run.others_in_forward(own);
  if (asked_ >= 0 && others) costs_.measured(own, run.seconds() - asked_, *others);
}

void Speculation::learn(Run& run, const Draft& draft, int last_kept, int written) {
  SpeculationStats& stats = run.speculation();
  ++stats.rounds;
  stats.tokens += written;
  if (asked_ < 0) stats.with_prompt += written;
  if (draft.empty()) return;
  std::vector<bool> was_kept(draft.guesses().size());
  int kept = 0;
  for (int each = last_kept; each != kTip; each = draft.guesses()[static_cast<std::size_t>(each)].parent, ++kept)
    was_kept[static_cast<std::size_t>(each)] = true;
  const auto named = [&](const Named& each) { return each.name == draft.drafter; };
  const auto its = std::find_if(drafters_.begin(), drafters_.end(), named);
  its->length.verified(draft.kind, was_kept);
  if (schedule_ == DraftSchedule::heuristic && its->has_models)
    its->most = kept == draft.depth() ? std::min(its->most + 2, kMostGuesses) : std::max(its->most - 1, 1);
  SpeculationStats::Drafter& counts = stats.drafters[static_cast<std::size_t>(its - drafters_.begin())];
  ++counts.rounds;
  counts.drafted += std::ssize(draft.guesses());
  counts.kept += kept;
  count(counts.reached, draft.depth());
  count(counts.kept_at, kept);
}

}  // namespace decant
