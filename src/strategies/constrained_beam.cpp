// Constrained beam search: the answers contain given words. At every step the beams' best tokens compete with those
// that get a beam further with its words, and the places are dealt out in turn among the beams that are equally far.
//
// Tested by tests/strategies/constrained_beam_test.cpp and, against golden files, tests/llama/beams_test.cpp.
// Post and Vilar, "Fast Lexically Constrained Decoding with Dynamic Beam Allocation", NAACL 2018.
// Equals Hugging Face's generate(num_beams=K, force_words_ids=...) of transformers 4.55, except where that is wrong:
// words in the prompt do not count; a word whose first token comes twice is found ("a a b"); words can be begun at the
// same time; a text that has all of its words goes on, or ends, with its own best token, as in the paper, while there
// nothing keeps it from being dropped for likelier texts without them; an answer that lacks words says which, and comes
// behind those that lack none. hf_compat finds there what Hugging Face finds (the answers still say what they lack).
#include <algorithm>
#include <cmath>

#include "strategies/forced_words.h"
#include "strategies/search.h"

namespace decant {
namespace {

// k of them: the best of each bank, the furthest bank first; then the second best of each; and so on.
std::vector<Extension> deal(std::vector<Extension> candidates, int k) {
  std::stable_sort(candidates.begin(), candidates.end(), [](const Extension& a, const Extension& b) {
    return std::pair(a.bank, a.score) > std::pair(b.bank, b.score);
  });
  std::vector<std::pair<int, Extension*>> turns;
  for (Extension& each : candidates) {
    const bool same_bank = !turns.empty() && turns.back().second->bank == each.bank;
    turns.emplace_back(same_bank ? turns.back().first + 1 : 0, &each);
  }
  std::stable_sort(turns.begin(), turns.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  if (std::ssize(turns) > k) turns.resize(static_cast<std::size_t>(k));
  std::vector<Extension> dealt;
  for (const auto& [turn, each] : turns) dealt.push_back(std::move(*each));
  return dealt;
}

// The texts that are over, those that have all their words apart from the others.
class Ended {
 public:
  Ended(const Run& run, Search& search, const Words& words)
      : search_(search),
        words_(words),
        n_answers_(run.config().num_return_sequences),
        hf_compat_(run.config().hf_compat),
        complete_(search.hypotheses(run.config().num_beams)),
        incomplete_(search.hypotheses(run.config().num_beams)) {}

  const Hypotheses& complete() const { return complete_; }

  // At a token that ends the text; false: it may not end here, words are missing.
  bool end(const Beam& beam, const Extension& last) {
    const bool is_complete = words_.complete_at_end(beam.tip, last.choice.token);
    if (is_complete) add(beam, last, complete_);
    return is_complete;
  }

  // At the length limit, with its words or without.
  void end_at_limit(const Beam& beam, const Extension& last) {
    const bool is_complete = words_.progress(beam.tip, last.choice.token).complete();
    n_complete_at_limit_ += is_complete;
    add(beam, last, is_complete ? complete_ : incomplete_);
  }

  void end_incomplete(const Beam& beam, const Extension& last) { add(beam, last, incomplete_); }

  // The complete ones first. With hf_compat, and too few complete ones at the limit, by their scores alone.
  std::vector<Hypothesis> best() {
    std::vector<Hypothesis> all = complete_.best();
    if (hf_compat_ && n_complete_at_limit_ < n_answers_) {
      for (const Hypothesis& each : incomplete_.best()) complete_.add(each);
      return complete_.best();
    }
    all.insert(all.end(), incomplete_.best().begin(), incomplete_.best().end());
    return all;
  }

 private:
  void add(const Beam& beam, const Extension& last, Hypotheses& texts) {
    search_.finish(beam, last, texts, 0, words_.unmet(beam.tip, last.choice.token));
  }

  Search& search_;
  const Words& words_;
  int n_answers_;
  bool hf_compat_;
  Hypotheses complete_, incomplete_;
  int n_complete_at_limit_ = 0;
};

// The likeliest continuations of a beam, and those by tokens that get it further with its words; if it has them all,
// its own best one, and should that end it, the best that does not.
void offer(Run& run, int lane, const Beam& beam, const Step& step, const Words& words, Extensions& candidates,
           std::vector<Extension>& advances) {
  Scoring plain;
  offer_best(run, lane, beam, step, candidates, plain);
  const Progress so_far = words.progress(beam.tip);
  for (const Token token : so_far.next) {
    const float score = step.scores.score(token);
    if (std::isfinite(score)) advances.push_back(extend(run, lane, beam, step, {token, score}));
  }
  if (!so_far.complete() || run.config().hf_compat) return;
  for (const Candidate& each : plain.best(step, 1 + static_cast<int>(run.stop_rules().stop_tokens().size()))) {
    advances.push_back(extend(run, lane, beam, step, each));
    if (run.ends(advances.back().choice).reason != FinishReason::stop) break;
  }
}

bool is_same(const Extension& a, const Extension& b) { return a.beam == b.beam && a.choice.token == b.choice.token; }

// Those of the advances that end a text with all of its words, and are not among the finished ones yet.
void finish_complete(const Run& run, Search& search, const std::vector<Beam>& beams, const Extensions& candidates,
                     const std::vector<Extension>& finished, std::vector<Extension>& advances,
                     const Search::Finish& end) {
  for (Extension& each : advances) {
    each.stop = run.ends(each.choice);
    const auto is_each = [&](const Extension& other) { return is_same(other, each); };
    if (each.stop.reason != FinishReason::stop || std::any_of(finished.begin(), finished.end(), is_each)) continue;
    const auto noted = std::find_if(candidates.list().begin(), candidates.list().end(), is_each);
    if (noted != candidates.list().end()) {
      each.record = noted->record;
    } else {
      search.note(beams[static_cast<std::size_t>(each.beam)], each, 0, static_cast<int>(candidates.list().size()));
    }
    end(each);
  }
}

Task<void> constrained_beam(Run& run) {
  const int k = run.config().num_beams;
  const Words words(run.config(), run.vocab(), run.prompt().length());
  Search search(run);
  Ended ended(run, search, words);
  std::vector<Beam> beams = search.start();
  const auto beam_of = [&](const Extension& each) -> const Beam& { return beams[static_cast<std::size_t>(each.beam)]; };
  std::vector<Extension> finished;  // of the step
  const auto end = [&](const Extension& each) {
    const bool is_over = ended.end(beam_of(each), each);
    if (is_over) finished.push_back(each);
    return is_over;
  };
  const auto end_at_limit = [&](const Extension& each) { ended.end_at_limit(beam_of(each), each); };

  while (!beams.empty()) {
    const std::vector<Node> nodes = tips(beams);
    auto rows = co_await run.eval(nodes);
    Extensions candidates(search.n_candidates(k));
    std::vector<Extension> advances;
    for (int lane = 0; lane < std::ssize(beams); ++lane) {
      const auto i = static_cast<std::size_t>(lane);
      search.process(lane, beams[i], rows[i], {.log_probabilities = true},
                     [&](const Step& step) { offer(run, lane, beams[i], step, words, candidates, advances); });
    }
    finished.clear();
    std::vector<Extension> survivors = search.sort_out(beams, candidates, k, true, 0, end);
    if (!run.config().hf_compat) finish_complete(run, search, beams, candidates, finished, advances, end);
    if (survivors.empty() && ended.complete().best().empty()) {  // every text has to end without its words
      for (const Extension& each : candidates.list()) ended.end_incomplete(beam_of(each), each);
    }
    const bool joined = search.join(beams, advances, survivors);
    for (Extension& each : survivors) {
      each.bank = words.progress(beam_of(each).tip, each.choice.token).bank;
      search.explain(each, PruneReason::constraint_bank);
    }
    if (joined) survivors = deal(std::move(survivors), k);
    beams = search.keep_or_end(beams, candidates, survivors, ended.complete(), end_at_limit);
    search.end_step();
  }
  const std::vector<Hypothesis> best = ended.best();
  search.answer(best);
}

const Registered<StrategyRow> constrained_beam_row(
    {.name = "constrained_beam",
     .order = 6,
     .run = constrained_beam,
     .doc = "beams that must come to contain given words",
     .implied_by = "force_words",
     .precedence = 1,
     .reads = beam_options({"force_words", "hf_compat"}),
     .needs = {needs_beams, {"force_words", "force_words: the texts that the answer must contain"}},
     .beams = always});

}  // namespace
}  // namespace decant
