// Constrained beam search: the answers contain given words. At every step the beams' best tokens compete with those
// that get a beam further with its words, and the places are dealt out in turn among the beams that are equally far.
//
// Tested by tests/strategies/constrained_beam_test.cpp and, against golden files, tests/model/llama_beams_test.cpp.
// Post and Vilar, "Fast Lexically Constrained Decoding with Dynamic Beam Allocation", NAACL 2018.
// Equals Hugging Face's generate(num_beams=K, force_words_ids=...) of transformers 4.55, except where that is wrong:
// words in the prompt do not count; a word whose first token comes twice is found ("a a b"); words can be begun at the
// same time; an answer that lacks words says which, and comes behind those that lack none. hf_compat finds there what
// Hugging Face finds (the answers still say what they lack).
#include "strategies/constrained_beam.h"

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

// How far texts are.
class Words {
 public:
  explicit Words(const Run& run)
      : words_(parse_forced_words(run.config().force_words, run.vocab())),
        n_prompt_(static_cast<std::size_t>(run.prompt().length())),
        hf_(run.config().hf_compat) {}

  // Of the beam's text and one more token.
  Progress of(const Beam& beam, std::optional<Token> token = {}) const {
    const std::vector<Token> text = text_of(beam, token);
    return hf_ ? hf_progress(words_, text) : progress(words_, std::span(text).subspan(n_prompt_));
  }

  // Hugging Face does not look at the token that ends a text.
  bool complete(const Beam& beam, Token last) const { return (hf_ ? of(beam) : of(beam, last)).complete(); }

  std::vector<std::string> unmet(const Beam& beam, Token last) const {
    const std::vector<Token> text = text_of(beam, last);
    std::vector<std::string> names;
    for (const std::size_t i : progress(words_, std::span(text).subspan(n_prompt_)).unmet)
      names.push_back(words_[i].name);
    return names;
  }

 private:
  static std::vector<Token> text_of(const Beam& beam, std::optional<Token> token) {
    std::vector<Token> text;
    beam.tip.path(text);
    if (token) text.push_back(*token);
    return text;
  }

  std::vector<ForcedWords> words_;
  std::size_t n_prompt_;
  bool hf_;
};

}  // namespace

Task<void> constrained_beam(Run& run) {
  const int k = run.config().num_beams;
  const Words words(run);
  Search search(run);
  Hypotheses finished = search.hypotheses(k), incomplete = search.hypotheses(k);
  int n_complete = 0;  // of the texts that the length limit ended
  std::vector<Beam> beams = search.start();
  const auto beam_of = [&](const Extension& each) -> const Beam& { return beams[static_cast<std::size_t>(each.beam)]; };
  const auto finish = [&](const Extension& each, Hypotheses& texts) {
    search.finish(beam_of(each), each, texts, 0, words.unmet(beam_of(each), each.choice.token));
  };
  const auto end = [&](const Extension& each) {
    const bool complete = words.complete(beam_of(each), each.choice.token);
    if (complete) finish(each, finished);
    return complete;
  };
  const auto end_at_limit = [&](const Extension& each) {
    const bool complete = words.of(beam_of(each), each.choice.token).complete();
    n_complete += complete;
    finish(each, complete ? finished : incomplete);
  };

  while (!beams.empty()) {
    const std::vector<Node> nodes = tips(beams);
    auto rows = co_await run.eval(nodes);
    Extensions candidates(search.n_candidates(k));
    std::vector<Extension> advances;  // by tokens that get a beam further
    for (int lane = 0; lane < std::ssize(beams); ++lane) {
      const Beam& beam = beams[static_cast<std::size_t>(lane)];
      const Feed feed{.log_probabilities = true};
      search.process(lane, beam, rows[static_cast<std::size_t>(lane)], feed, [&](const Step& step) {
        offer_best(run, lane, beam, step, candidates);
        for (const Token token : words.of(beam).next) {
          const float score = step.scores.score(token);
          if (std::isfinite(score)) advances.push_back(extend(run, lane, beam, step, {token, score}));
        }
      });
    }
    std::vector<Extension> survivors = search.sort_out(beams, candidates, k, true, 0, end);
    if (survivors.empty() && finished.best().empty()) {  // every text has to end without its words
      for (const Extension& each : candidates.list()) finish(each, incomplete);
    }
    const bool joined = search.join(beams, advances, survivors);
    for (Extension& each : survivors) {
      each.bank = words.of(beam_of(each), each.choice.token).bank;
      search.explain(each, PruneReason::constraint_bank);
    }
    if (joined) survivors = deal(std::move(survivors), k);
    beams = search.keep_or_end(beams, candidates, survivors, finished, end_at_limit);
    search.end_step();
  }

  std::vector<Hypothesis> best = finished.best();
  if (run.config().hf_compat && n_complete < run.config().num_return_sequences) {
    for (const Hypothesis& each : incomplete.best()) finished.add(each);
    best = finished.best();
  } else {
    best.insert(best.end(), incomplete.best().begin(), incomplete.best().end());
  }
  search.answer(best);
}

}  // namespace decant
