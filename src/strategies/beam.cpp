// Beam search: of all continuations of the num_beams best texts, the num_beams best go on. And beam sampling: they are
// drawn, each with the probability that its whole text has among them.
//
// Tested by tests/strategies/beam_test.cpp and, against golden files, tests/llama/beams_test.cpp.
// Equals Hugging Face's generate(num_beams=K) of transformers 4.55 (semantics of its `_beam_search`): scores are sums
// of processed log-probabilities; the best (1 + n_eos) K candidates are looked at; one that ends is a finished text if
// it is among the first K, and of the others the best K go on. Deviations: a beam whose tokens are all forbidden ends
// there (Hugging Face goes on with a score of -infinity); equal scores rank by beam, then by id; sums are double. Beam
// sampling uses another generator; the law is the same.
#include "strategies/beam.h"

#include <cmath>

#include "base/error.h"
#include "processors/recipe.h"
#include "strategies/row.h"
#include "strategies/search.h"

namespace decant {
namespace {

// Adds the continuations of one beam that may matter.
using Offer = void (*)(Run&, int, const Beam&, const Step&, Extensions&, Scoring&);

Task<void> search_with(Run& run, Scoring& scoring, Offer offer) {
  const int k = run.config().num_beams;
  Search search(run, scoring.adds_log_p());
  Hypotheses finished = search.hypotheses(k);
  std::vector<Beam> beams = search.start();

  while (!beams.empty()) {
    const std::vector<Ask> asks = scoring.asks(tips(beams));
    auto rows = co_await run.eval(asks);
    Extensions candidates(search.n_candidates(k));
    for (int lane = 0; lane < std::ssize(beams); ++lane) {
      const Beam& beam = beams[static_cast<std::size_t>(lane)];
      const auto i = static_cast<std::size_t>(lane);
      Feed feed = scoring.feed(rows, i, beams.size());
      feed.log_probabilities = true;
      search.process(lane, beam, rows[i], feed,
                     [&](const Step& step) { offer(run, lane, beam, step, candidates, scoring); });
    }
    const auto end = [&](const Extension& each) {
      search.finish(beams[static_cast<std::size_t>(each.beam)], each, finished);
      return true;
    };
    const std::vector<Extension> survivors = search.sort_out(beams, candidates, k, false, 0, end);
    beams = search.keep(beams, survivors);
    search.end_step();
    if (beams.empty()) break;
    const int n_new = beams[0].tip.length() - run.prompt().length();
    if (!finished.can_improve(beams[0].score, n_new)) break;
  }
  search.answer(finished.best());
}

// Draws without replacement from all continuations of all beams are the first of one race (Kool et al. 2019,
// "Stochastic Beams and Where to Find Them"). Each beam runs its part of it, with the noise of its rank: beams of one
// step have different ranks, and these depend on nothing but the Run.
void offer_drawn(Run& run, int lane, const Beam& beam, const Step& step, Extensions& candidates, Scoring&) {
  const auto racers = step.scores.race(candidates.n(), run.noise(lane, step.tip));
  for (std::size_t i = 0; i < racers.size(); ++i) {
    const Racer& racer = racers[i];
    const double key = beam.score + racer.sum();
    if (!candidates.wants(key)) return;
    Extension extension = extend(run, lane, beam, step, {racer.id, racer.score});
    extension.key = key;
    if (run.wants_decisions()) extension.choice.why.race = entrants(racers.subspan(i, 1), step.scores);
    candidates.add(std::move(extension));
  }
}

Task<void> beam(Run& run) {
  Scoring plain;
  co_await search_with(run, plain, offer_best);
}

Task<void> beam_sample(Run& run) {
  Scoring plain;
  co_await search_with(run, plain, offer_drawn);
}

// Beams differ from Hugging Face's in one point only.
void check_hf_compat(const GenerationConfig& config) {
  if (!config.hf_compat || (config.early_stopping == "never" && raises_scores(config))) return;
  throw Error(ErrorKind::usage,
              "hf_compat does nothing here: of beam searches it changes groups, forced words, and early_stopping never "
              "where scores can rise (guidance, a positive bias); drop it");
}

const Registered<StrategyRow> beam_row({.name = "beam",
                                        .order = 3,
                                        .run = beam,
                                        .doc = "the best of all continuations of num_beams texts",
                                        .implied_by = "num_beams",
                                        .reads = beam_options({"hf_compat"}),
                                        .needs = {needs_beams},
                                        .check = check_hf_compat,
                                        .beams = always});

const Registered<StrategyRow> beam_sample_row({.name = "beam_sample",
                                               .order = 4,
                                               .run = beam_sample,
                                               .doc = "continuations of num_beams texts, drawn without replacement",
                                               .draws_for = "beam",
                                               .reads = beam_options({"hf_compat", sampling_group}),
                                               .needs = {needs_beams},
                                               .check = check_hf_compat,
                                               .draws = always,
                                               .beams = always});

}  // namespace

Task<void> beam_search(Run& run, Scoring& scoring) { return search_with(run, scoring, offer_best); }

}  // namespace decant
