// Tested by tests/strategies/beam_test.cpp.
#include "strategies/search.h"

#include <algorithm>
#include <utility>

namespace decant {
namespace {

bool is_limit(FinishReason reason) { return reason != FinishReason::running && reason != FinishReason::stop; }

bool hit_a_limit(const std::vector<Extension>& extensions) {
  return std::any_of(extensions.begin(), extensions.end(), [](const Extension& e) { return is_limit(e.stop.reason); });
}

}  // namespace

std::vector<std::string_view> beam_options(std::initializer_list<std::string_view> more) {
  std::vector<std::string_view> all = {"num_return_sequences", "num_beams", "length_penalty", "early_stopping",
                                       "normalize"};
  all.insert(all.end(), more);
  return all;
}

std::vector<Node> tips(const std::vector<Beam>& beams) {
  std::vector<Node> nodes;
  for (const Beam& beam : beams) nodes.push_back(beam.tip);
  return nodes;
}

void Extensions::add(Extension extension) {
  if (list_.size() == n_) list_.pop_back();
  const auto better = [](const Extension& a, const Extension& b) { return a.key > b.key; };
  list_.insert(std::upper_bound(list_.begin(), list_.end(), extension, better), std::move(extension));
}

Extension extend(Run& run, int lane, const Beam& beam, const Step& step, const Candidate& token) {
  const double score = beam.score + static_cast<double>(token.score);
  return {.beam = lane, .choice = run.choose(step, token.id), .score = score, .key = score};
}

void offer_best(Run& run, int lane, const Beam& beam, const Step& step, Extensions& candidates, Scoring& scoring) {
  for (const Candidate& each : scoring.best(step, candidates.n())) {
    if (!candidates.wants(beam.score + static_cast<double>(each.score))) return;
    Extension extension = extend(run, lane, beam, step, each);
    if (run.wants_decisions()) extension.choice.why.strategy = scoring.explain(step, each.id);
    candidates.add(std::move(extension));
  }
}

Search::Search(Run& run, bool adds_log_p) : run_(run), adds_log_p_(adds_log_p) {}

std::vector<Beam> Search::start() const {
  std::vector<Beam> beams(1);
  beams[0].tip = run_.prompt();
  return beams;
}

Hypotheses Search::hypotheses(int capacity) const {
  return Hypotheses(run_.config(), run_.prompt().length(), run_.stop_rules().max_length(), capacity,
                    run_.scores_only_fall(adds_log_p_));
}

int Search::n_candidates(int width) const {
  return std::max(2, 1 + static_cast<int>(run_.stop_rules().stop_tokens().size())) * width;
}

void Search::process(int lane, const Beam& beam, const EvalRow& row, const Feed& feed,
                     const std::function<void(const Step&)>& look) {
  try {
    look(run_.process(lane, beam.tip, row, feed));
  } catch (const NothingLeft&) {
    dead_end_ = std::current_exception();
  }
}

std::vector<Extension> Search::sort_out(const std::vector<Beam>& beams, Extensions& candidates, int width,
                                        bool limit_waits, int group, const Finish& end) {
  std::vector<Extension> go_on;
  int rank = 0;
  for (Extension& each : candidates.list()) {
    each.stop = run_.ends(each.choice);
    const Beam& beam = beams[static_cast<std::size_t>(each.beam)];
    SearchCandidate* trace = note(beam, each, group, rank);
    if (each.stop.reason == FinishReason::running || (limit_waits && is_limit(each.stop.reason))) {
      go_on.push_back(std::move(each));
    } else if (rank >= width) {
      if (trace) trace->reason = PruneReason::finished;
    } else if (!end(each)) {
      if (trace) trace->reason = PruneReason::constraint_unmet;
    }
    ++rank;
  }
  std::stable_sort(go_on.begin(), go_on.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
  if (std::ssize(go_on) > width) go_on.resize(static_cast<std::size_t>(width));
  return go_on;
}

bool Search::join(const std::vector<Beam>& beams, std::vector<Extension>& others, std::vector<Extension>& survivors) {
  const std::size_t before = survivors.size();
  for (Extension& each : others) {
    const auto same = [&](const Extension& e) { return e.beam == each.beam && e.choice.token == each.choice.token; };
    if (std::any_of(survivors.begin(), survivors.end(), same)) continue;
    each.stop = run_.ends(each.choice);
    if (each.stop.reason == FinishReason::stop) continue;
    note(beams[static_cast<std::size_t>(each.beam)], each, 0, static_cast<int>(step_.candidates.size()));
    survivors.push_back(std::move(each));
  }
  return survivors.size() > before;
}

std::vector<Beam> Search::keep(const std::vector<Beam>& beams, const std::vector<Extension>& survivors) {
  std::vector<Beam> next;
  for (const Extension& each : survivors) {
    const Beam& beam = beams[static_cast<std::size_t>(each.beam)];
    next.push_back({.tip = run_.child(each.choice), .node = add(beam.node, each.choice), .score = each.score});
    if (SearchCandidate* trace = noted(each)) {
      trace->fate = Fate::kept;
      trace->reason = PruneReason::none;
      trace->node = next.back().node;
      trace->lane = lanes_;
    }
    ++lanes_;
  }
  return next;
}

std::vector<Beam> Search::keep_or_end(const std::vector<Beam>& beams, const Extensions& candidates,
                                      const std::vector<Extension>& survivors, const Hypotheses& finished,
                                      const End& end) {
  if (survivors.empty()) return {};
  const int n_new = beams[0].tip.length() + 1 - run_.prompt().length();
  const bool done = !finished.can_improve(candidates.list().front().score, n_new);
  if (done || !hit_a_limit(survivors)) {
    std::vector<Beam> next = keep(beams, survivors);
    if (done) next.clear();
    return next;
  }
  for (const Extension& each : survivors) end(each);
  return {};
}

void Search::finish(const Beam& beam, const Extension& last, Hypotheses& finished, int group,
                    std::vector<std::string> unmet) {
  const int n_new = last.choice.tip.length() + 1 - run_.prompt().length();
  Hypothesis text{.node = add(beam.node, last.choice),
                  .score = last.score,
                  .stop = last.stop,
                  .group = group,
                  .unmet = std::move(unmet)};
  text.length = finished.length(n_new, run_.stop_rules().is_stop_token(last.choice.token));
  text.normalized = finished.normalize(text.score, text.length);
  if (watched()) ended_.push_back(text);
  SearchCandidate* trace = noted(last);
  if (trace) {
    trace->fate = Fate::finished;
    trace->node = text.node;
    trace->finish = text.stop.reason;
    trace->length = text.length;
    trace->normalized = text.normalized;
  }
  const bool added = finished.add(std::move(text));
  if (trace) trace->reason = added ? PruneReason::none : PruneReason::pool;
}

int Search::add(int parent, Choice choice) {
  choice.tip = {};
  links_.push_back({parent, std::move(choice)});
  return static_cast<int>(links_.size());
}

std::vector<const Choice*> Search::path(int node) const {
  std::vector<const Choice*> choices;
  for (; node > 0; node = links_[static_cast<std::size_t>(node - 1)].parent) {
    choices.push_back(&links_[static_cast<std::size_t>(node - 1)].choice);
  }
  std::reverse(choices.begin(), choices.end());
  return choices;
}

SearchCandidate* Search::note(const Beam& beam, Extension& extension, int group, int rank) {
  if (!watched()) return nullptr;
  step_.position = beam.tip.length();
  extension.record = static_cast<int>(step_.candidates.size());
  SearchCandidate& record = step_.candidates.emplace_back();
  record.parent = beam.node;
  record.token = extension.choice.token;
  record.group = group;
  record.rank = rank;
  record.log_p = adds_log_p_ ? static_cast<double>(extension.choice.score) : extension.choice.log_p;
  record.score = extension.score;
  record.penalty = extension.penalty;
  return &record;
}

SearchCandidate* Search::noted(const Extension& extension) {
  return extension.record < 0 ? nullptr : &step_.candidates[static_cast<std::size_t>(extension.record)];
}

void Search::explain(const Extension& extension, PruneReason reason) {
  SearchCandidate* trace = noted(extension);
  if (!trace) return;
  trace->reason = reason;
  trace->bank = extension.bank;
}

void Search::end_step() {
  lanes_ = 0;
  if (!watched()) return;
  step_.seconds = run_.seconds();
  run_.watcher()->search(step_);
  step_.candidates.clear();
}

void Search::answer(const std::vector<Hypothesis>& best) {
  require_some(best);
  std::vector<Answer> answers;
  std::vector<int> sequence_of(links_.size() + 1, -1);
  for (const Hypothesis& each : best) {
    if (std::ssize(answers) == run_.config().num_return_sequences) break;
    sequence_of[static_cast<std::size_t>(each.node)] = static_cast<int>(answers.size());
    answers.push_back({path(each.node), each.stop, {each.score, each.normalized, each.unmet}});
  }
  if (watched()) {
    std::vector<SearchEnd> ends;
    for (const Hypothesis& each : ended_) {
      ends.push_back({sequence_of[static_cast<std::size_t>(each.node)], each.node, each.group, each.score, each.length,
                      each.normalized, each.stop.reason, each.unmet});
    }
    std::stable_sort(ends.begin(), ends.end(), [](const SearchEnd& a, const SearchEnd& b) {
      if (a.sequence < 0 || b.sequence < 0)
        return a.sequence < 0 ? b.sequence < 0 && a.normalized > b.normalized : true;
      return a.sequence < b.sequence;
    });
    run_.watcher()->search_ended(ends);
  }
  run_.answer(answers);
}

void Search::require_some(const std::vector<Hypothesis>& found) const {
  if (found.empty() && dead_end_) std::rethrow_exception(dead_end_);
}

}  // namespace decant
