// Diverse beam search: groups of beams, each a beam search of its own, where a token costs a later group the more the
// more beams of earlier groups have just chosen it.
//
// Tested by tests/strategies/diverse_beam_test.cpp and, against golden files, tests/llama/beams_test.cpp.
// Vijayakumar et al., "Diverse Beam Search", AAAI 2018 (Algorithm 1), with Hamming distance.
// Equals Hugging Face's generate(num_beams=K, num_beam_groups=G, diversity_penalty=d) of transformers 4.55: the
// penalised scores add up, every group has finished texts of its own, and the answers are the best of all groups.
// Deviations: a group that is done takes nothing from the others (there, its padding counts as the tokens it chose:
// hf_compat repeats that); a stop string ends a beam; a penalty of 0 is allowed, and makes all groups the same.
#include <algorithm>

#include "base/error.h"
#include "strategies/penalty_trace.h"
#include "strategies/search.h"

namespace decant {
namespace {

struct Group {
  std::vector<Beam> beams;  // none: done
  Hypotheses finished;
};

std::vector<Node> tips(const std::vector<Group>& groups) {
  std::vector<Node> nodes;
  for (const Group& group : groups) {
    for (const Beam& beam : group.beams) nodes.push_back(beam.tip);
  }
  return nodes;
}

std::vector<Hypothesis> best_of(const std::vector<Group>& groups) {
  std::vector<Hypothesis> all;
  for (const Group& group : groups) all.insert(all.end(), group.finished.best().begin(), group.finished.best().end());
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.normalized > b.normalized; });
  return all;
}

Task<void> diverse_beam(Run& run) {
  const int n_groups = run.config().num_beam_groups, width = run.config().num_beams / n_groups;
  Scoring plain;
  Search search(run);
  std::vector<Group> groups(static_cast<std::size_t>(n_groups), Group{search.start(), search.hypotheses(width)});

  for (;;) {
    const std::vector<Node> nodes = tips(groups);
    if (nodes.empty()) break;
    auto rows = co_await run.eval(nodes);
    const EvalRow* row = rows.data();
    std::vector<Token> taken;  // by the groups so far
    for (int g = 0; g < n_groups; ++g) {
      auto& [beams, finished] = groups[static_cast<std::size_t>(g)];
      if (beams.empty()) {
        const auto& padding = run.stop_rules().stop_tokens();
        if (run.config().hf_compat && !padding.empty()) taken.insert(taken.end(), width, padding[0]);
        continue;
      }
      Extensions candidates(search.n_candidates(width));
      PenaltyTrace penalties(run, search, taken);
      for (int lane = 0; lane < std::ssize(beams); ++lane) {
        const Beam& beam = beams[static_cast<std::size_t>(lane)];
        search.process(g * width + lane, beam, *row++, {.log_probabilities = true, .taken = taken},
                       [&](const Step& step) {
                         offer_best(run, lane, beam, step, candidates, plain);
                         penalties.look(lane, beam, step);
                       });
      }
      const auto end = [&, &beams = beams, &finished = finished](const Extension& each) {
        search.finish(beams[static_cast<std::size_t>(each.beam)], each, finished, g);
        return true;
      };
      const std::vector<Extension> survivors = search.sort_out(beams, candidates, width, true, g, end);
      penalties.explain(search, beams, candidates, survivors, g);
      for (const Extension& each : survivors) taken.push_back(each.choice.token);
      beams = search.keep_or_end(beams, candidates, survivors, finished, end);
    }
    search.end_step();
  }
  const std::vector<Hypothesis> best = best_of(groups);
  search.answer(best);
}

void check_groups(const GenerationConfig& config) {
  if (config.num_beams % config.num_beam_groups == 0) return;
  throw Error(
      ErrorKind::usage,
      "{} beams cannot be divided into {} groups of the same size: make num_beams a multiple of num_beam_groups",
      config.num_beams, config.num_beam_groups);
}

const Registered<StrategyRow> diverse_beam_row({.name = "diverse_beam",
                                                .order = 5,
                                                .run = diverse_beam,
                                                .doc = "groups of beams that avoid each other's tokens",
                                                .implied_by = "num_beam_groups",
                                                .precedence = 1,
                                                .reads = beam_options({"num_beam_groups", "diversity_penalty",
                                                                       "hf_compat"}),
                                                .needs = {needs_beams},
                                                .check = check_groups,
                                                .beams = always});

}  // namespace
}  // namespace decant
