// Beam search: of all continuations of the num_beams best texts, the num_beams best go on. And beam sampling: they are
// drawn, each with the probability that its whole text has among them.
//
// Tested by tests/strategies/beam_test.cpp and, against golden files, tests/model/llama_beams_test.cpp.
// Equals Hugging Face's generate(num_beams=K) of transformers 4.55 (semantics of its `_beam_search`): scores are sums
// of processed log-probabilities; the best (1 + n_eos) K candidates are looked at; one that ends is a finished text if
// it is among the first K, and of the others the best K go on. Deviations: a beam whose tokens are all forbidden ends
// there (Hugging Face goes on with a score of -infinity); equal scores rank by beam, then by id; sums are double. Beam
// sampling uses another generator; the law is the same.
#include "strategies/beam.h"

#include <cmath>

#include "strategies/contrast.h"
#include "strategies/search.h"

namespace decant {
namespace {

// The processed log-probabilities of the texts themselves.
class LogProbabilities : public Contrast {
 public:
  std::vector<Ask> asks(const std::vector<Node>& tips) override { return {{.nodes = tips}}; }
  Feed feed(Rows, std::size_t, std::size_t) override { return {.log_probabilities = true}; }
  std::shared_ptr<const StrategyTrace> explain(const Step&, Token) override { return nullptr; }
};

// Adds the continuations of one beam that may matter.
using Offer = void (*)(Run&, int, const Beam&, const Step&, Extensions&, Contrast&);

Task<void> search_with(Run& run, Contrast& contrast, Offer offer, bool adds_log_p) {
  const int k = run.config().num_beams;
  Search search(run, adds_log_p);
  Hypotheses finished = search.hypotheses(k);
  std::vector<Beam> beams = search.start();

  while (!beams.empty()) {
    const std::vector<Ask> asks = contrast.asks(tips(beams));
    auto rows = co_await run.eval(asks);
    Extensions candidates(search.n_candidates(k));
    for (int lane = 0; lane < std::ssize(beams); ++lane) {
      const Beam& beam = beams[static_cast<std::size_t>(lane)];
      const auto i = static_cast<std::size_t>(lane);
      search.process(lane, beam, rows[i], contrast.feed(rows, i, beams.size()),
                     [&](const Step& step) { offer(run, lane, beam, step, candidates, contrast); });
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

// Draws without replacement from all continuations of all beams are a race: each arrives after an exponential time, at
// a rate of its probability (Efraimidis and Spirakis 2006). So each beam can draw by itself, as long as it says when:
// the next one arrives at the rate of all that are left. Times are kept as logarithms: rates are e^score.
void offer_drawn(Run& run, int lane, const Beam& beam, const Step& step, Extensions& candidates, Contrast&) {
  int draw = lane * candidates.n();
  double u = 0, log_time = -std::numeric_limits<double>::infinity();
  const auto uniform = [&] { return u = run.uniform(draw++, step.tip); };
  step.scores.draw_distinct(candidates.n(), uniform, [&](const Candidate& drawn, double log_rate) {
    const double wait = -std::log1p(-run.uniform(draw - 1, step.tip, Stream::arrival));
    const double log_wait = std::log(wait) - (log_rate + beam.score);
    const double later = std::max(log_time, log_wait), sooner = std::min(log_time, log_wait);
    log_time = std::isinf(later) ? later : later + std::log1p(std::exp(sooner - later));
    if (!candidates.wants(-log_time)) return;
    Extension extension = extend(run, lane, beam, step, drawn);
    extension.key = -log_time;
    extension.choice.why.u = u;
    candidates.add(std::move(extension));
  });
}

void offer_likeliest(Run& run, int lane, const Beam& beam, const Step& step, Extensions& candidates, Contrast&) {
  offer_best(run, lane, beam, step, candidates);
}

// Of equal scores, and identical models make all of them equal, the expert's likelier ones go first.
void offer_contrasted(Run& run, int lane, const Beam& beam, const Step& step, Extensions& candidates,
                      Contrast& contrast) {
  std::vector<Candidate> kept;
  step.scores.for_each([&](Token id, float score) { kept.push_back({id, score}); });
  const auto better = [&](const Candidate& a, const Candidate& b) {
    const float expert_a = step.logits[static_cast<std::size_t>(a.id)],
                expert_b = step.logits[static_cast<std::size_t>(b.id)];
    return a.score != b.score ? a.score > b.score : expert_a != expert_b ? expert_a > expert_b : a.id < b.id;
  };
  const auto end = kept.begin() + std::min(std::ssize(kept), static_cast<std::ptrdiff_t>(candidates.n()));
  std::partial_sort(kept.begin(), end, kept.end(), better);
  for (auto each = kept.begin(); each != end && candidates.wants(beam.score + static_cast<double>(each->score));
       ++each) {
    Extension extension = extend(run, lane, beam, step, *each);
    if (run.wants_decisions()) extension.choice.why.strategy = contrast.explain(step, each->id);
    candidates.add(std::move(extension));
  }
}

}  // namespace

Task<void> beam(Run& run) {
  LogProbabilities plain;
  co_await search_with(run, plain, offer_likeliest, true);
}

Task<void> beam_sample(Run& run) {
  LogProbabilities plain;
  co_await search_with(run, plain, offer_drawn, true);
}

Task<void> beam_of_contrast(Run& run, Contrast& contrast) {
  return search_with(run, contrast, offer_contrasted, false);
}

}  // namespace decant
