// What all beam searches share: beams, their continuations, and the tree of everything that was kept.
//
// The tree holds tokens and scores only. Nodes of the prefix tree, and so cells of the cache, belong to the beams: what
// no beam continues is gone from the cache at once.
#pragma once

#include <deque>
#include <functional>
#include <vector>

#include "run/run.h"
#include "strategies/hypotheses.h"
#include "strategies/row.h"
#include "strategies/scoring.h"

namespace decant {

// For the strategies' rows: what all of them need, and what all of them read, and more.
inline constexpr Need needs_beams = {"num_beams", "num_beams: 4 is a good start"};
std::vector<std::string_view> beam_options(std::initializer_list<std::string_view> more = {});

// A text that goes on.
struct Beam {
  Node tip;
  int node = 0;      // in the search's tree
  double score = 0;  // sum of the processed scores
};

std::vector<Node> tips(const std::vector<Beam>& beams);

// A beam and one more token.
struct Extension {
  int beam = 0;  // index of the beam
  Choice choice;
  double score = 0;  // of the longer text
  double key = 0;    // higher ones are considered first
  Stop stop = {};
  std::optional<int> bank = {};  // how far it is with forced words
  double penalty = 0;            // for diversity, contained in the score
  int record = -1;               // in the trace of the step
};

// The n extensions with the highest keys, highest first; of equals the ones added first.
class Extensions {
 public:
  explicit Extensions(int n) : n_(static_cast<std::size_t>(n)) {}
  int n() const { return static_cast<int>(n_); }
  bool wants(double key) const { return list_.size() < n_ || key > list_.back().key; }
  void add(Extension extension);
  std::vector<Extension>& list() { return list_; }
  const std::vector<Extension>& list() const { return list_; }

 private:
  std::size_t n_;
  std::vector<Extension> list_;
};

// The beam, whose index is `lane`, and the token.
Extension extend(Run& run, int lane, const Beam& beam, const Step& step, const Candidate& token);

// The beam's continuations that are among the n best of all.
void offer_best(Run& run, int lane, const Beam& beam, const Step& step, Extensions& candidates, Scoring& scoring);

class Search {
 public:
  // What tokens add to a score are log-probabilities, or else some other score: the trace then shows the model's own
  // log-probabilities beside the sums.
  explicit Search(Run& run, bool adds_log_p = true);

  std::vector<Beam> start() const;  // the prompt
  Hypotheses hypotheses(int capacity) const;

  // Candidates a step looks at: enough for `width` beams to go on even if every beam's best tokens end it.
  int n_candidates(int width) const;

  // look(step), unless the processors leave the beam no token: then it is at its end, and lost.
  void process(int lane, const Beam& beam, const EvalRow& row, const Feed& feed,
               const std::function<void(const Step&)>& look);

  // The `width` best of those candidates that go on. One that ends is handed to `end` if it is among the `width` first;
  // what `end` returns says whether it has become a finished text. With `limit_waits`, a text at a limit goes on.
  using Finish = std::function<bool(const Extension&)>;
  std::vector<Extension> sort_out(const std::vector<Beam>& beams, Extensions& candidates, int width, bool limit_waits,
                                  int group, const Finish& end);

  // Adds those of the others that are not among the survivors, and go on; false: there were none.
  bool join(const std::vector<Beam>& beams, std::vector<Extension>& others, std::vector<Extension>& survivors);

  // The survivors as beams.
  std::vector<Beam> keep(const std::vector<Beam>& beams, const std::vector<Extension>& survivors);

  // The same, unless nothing can come of it: with a length limit reached, they are finished texts, and none goes on.
  // Hugging Face's older scorer, which groups and forced words have: what could be reached is judged by the best of all
  // candidates, whether it goes on or not.
  using End = std::function<void(const Extension&)>;
  std::vector<Beam> keep_or_end(const std::vector<Beam>& beams, const Extensions& candidates,
                                const std::vector<Extension>& survivors, const Hypotheses& finished, const End& end);

  // A text that ends, whether it is good enough or not.
  void finish(const Beam& beam, const Extension& last, Hypotheses& finished, int group = 0,
              std::vector<std::string> unmet = {});

  // A candidate for the trace; extension.record is set.
  SearchCandidate* note(const Beam& beam, Extension& extension, int group, int rank);
  SearchCandidate* noted(const Extension& extension);
  void explain(const Extension& extension, PruneReason reason);  // should it not survive
  bool watched() const { return run_.watcher() != nullptr; }
  void end_step();  // hands the trace of the step on

  // The answers: num_return_sequences of the hypotheses, best first.
  void answer(const std::vector<Hypothesis>& best);

  // Throws what left beams without a token, if that is why nothing was found.
  void require_some(const std::vector<Hypothesis>& found) const;

 private:
  struct Link {
    int parent;
    Choice choice;  // without its node
  };
  int add(int parent, Choice choice);
  std::vector<const Choice*> path(int node) const;

  Run& run_;
  bool adds_log_p_;
  std::deque<Link> links_;  // node n is links_[n - 1]
  SearchStep step_;
  int lanes_ = 0;                  // of the step so far
  std::vector<Hypothesis> ended_;  // all of them, when watched
  std::exception_ptr dead_end_;
};

}  // namespace decant
