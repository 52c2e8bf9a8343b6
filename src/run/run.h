// Run: one live request, and everything that a strategy can do to the world.
//
//   auto rows = co_await run.eval(nodes);                     // rows[i] belongs to nodes[i]
//   Step step = run.process(sequence, nodes[i], rows[i]);     // the model's logits through the processors
//   tip = run.emit(sequence, step, token, why);               // the token is part of the answer
//
// A strategy that decides later keeps Choices, makes Nodes of those that live on, and hands over whole answers at the
// end:
//   Choice choice = run.choose(step, token);                  // all that is needed once the step is gone
//   tip = run.child(choice);
//   run.answer(answers);
//
// Rows and Steps are views into the model's own memory: they are valid until the strategy's next co_await. What must
// live longer is copied: a distribution as run.law(step). To look at several models (or kinds of output) at once, ask
// for them in one eval.
//
// A Run is made by start(); destroying it cancels it and frees its nodes.
#pragma once

#include <array>
#include <chrono>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <memory>
#include <source_location>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "model/model.h"
#include "numerics/gumbel.h"
#include "numerics/log_sum_exp.h"
#include "processors/chain.h"
#include "processors/scores.h"
#include "run/law.h"
#include "run/request.h"
#include "run/scheduler.h"
#include "tree/text_path.h"

namespace decant {

// What to evaluate, and what to return for each node. `model` counts the Run's models from 0.
struct Ask {
  std::vector<Node> nodes;
  Outputs outputs{.logits = true, .hidden = false, .layers = {}, .states = {}};
  int model = 0;
};

// One distribution, before and after the processors.
struct Step {
  const Node& tip;                // the node after which it stands
  std::span<const float> logits;  // the model's
  LogSum sum;                     // of `logits`
  Scores& scores;                 // the processors' result: ready to take the argmax of, or to draw from
};

// Why a token was chosen: what the trace cannot see in the distribution.
struct Why {
  std::vector<Entrant> race = {};  // that chose it, the winner first; empty: nothing was drawn, or nobody wants to know
  std::shared_ptr<const StrategyTrace> strategy = {};
};

// How processors are to see a distribution.
struct Feed {
  bool log_probabilities = false;     // ln p instead of logits: as in Hugging Face's beams
  std::span<const Token> taken = {};  // what earlier groups of beams have chosen at this step
  // In place of the logits, -infinity for what is not to be chosen; empty: the logits. Where the processors forbid all
  // of them, a grammar for example, ln p of the model decides among what they allow.
  std::span<const float> scores = {};
};

// A token that may be chosen, and what will be needed of its step if it is.
struct Choice {
  Node tip;  // the node before it
  Token token = -1;
  double log_p = 0;                         // the model's
  float score = 0;                          // the processors'
  std::vector<double> observed = {};        // by the processors, for their states
  std::shared_ptr<Decision> decision = {};  // the step's, shared by its Choices; null when nobody wants it
  TokenView view = {};                      // what the decision is to say of this token
  Why why = {};
};

struct Answer {
  std::vector<const Choice*> path;  // from the prompt on
  Stop stop;
  BeamScore score;
};

class Run {
 public:
  Run(Scheduler& scheduler, Request request);  // as start()
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  // ---- what is given ------------------------------------------------------------------------------------------------
  const GenerationConfig& config() const { return config_; }
  bool draws() const { return does_.draws; }
  const Vocab& vocab(int model = 0) const;  // the first model's is that of the texts
  const ModelInfo& model_info(int model = 0) const;
  int first_drafting_model() const { return n_targets_; }  // of the Run's models: those before it say what is written
  const Node& prompt() const { return prompt_; }           // the prompt's last token
  Node text(std::span<const Token> tokens) const;          // any other text, from its beginning on

  // The tokens up to `tip`, quickly where the sequence has been asked for before; valid until the next call.
  std::span<const Token> text_of(int sequence, const Node& tip);

  // The grammar that the text has to follow, at `tip`, which its processors have come to; null: none. Valid as long as
  // the node.
  const Grammar* grammar_at(const Node& tip) const;

  // ---- asking -------------------------------------------------------------------------------------------------------
  class Eval;
  Eval eval(const Node& node, std::source_location where = std::source_location::current());
  Eval eval(const std::vector<Node>& nodes, std::source_location where = std::source_location::current());
  Eval eval(const Ask& ask, std::source_location where = std::source_location::current());
  Eval eval(const std::vector<Ask>& asks, std::source_location where = std::source_location::current());

  // Asks for nothing: goes on with the scheduler's next step, or when it is let go (hold()). For strategies that are
  // told what to do by another thread.
  Eval pause(std::source_location where = std::source_location::current());

  // Of a row that was asked for its last hidden state alone, the same row with logits: for who evaluates many nodes
  // and goes on at one, as the head is a third of a small model's work. A view like the row; the next call ends it.
  // Where can_add_logits() does not hold (no head, or guidance, which needs another text's), ask for both.
  EvalRow with_logits(const EvalRow& row);
  bool can_add_logits() const { return model_info().logits_from_hidden && !negative_prompt_; }

  // ---- choosing -----------------------------------------------------------------------------------------------------
  // Runs the processors on the logits of a row. `sequence` counts where a processor draws random numbers (xtc). Throws
  // Error when the logits hold a NaN, an infinity, or nothing that could be chosen, and when the processors leave
  // nothing. NothingLeft is the Error of the last case.
  Step process(int sequence, const Node& tip, const EvalRow& row, const Feed& feed = {});

  // The step's distribution, to be kept.
  Law law(const Step& step) const { return Law(step.scores); }

  // The same for what another of the Run's models says, in a draft: no trace is made of it, and where guidance needs a
  // second text it is left out.
  Step process_draft(int sequence, const Node& tip, const EvalRow& row);

  // In [0, 1), the same in any company: a function of the Run's seed, the sequence, the position of the token to be
  // chosen, the purpose, and where one position needs several the lane.
  double uniform(int sequence, const Node& tip, Stream stream, int lane = 0) const;

  // The noise of the race for the token behind `tip`; and that of a draft's own race, `depth` tokens behind it.
  GumbelNoise noise(int sequence, const Node& tip) const;
  GumbelNoise draft_noise(int sequence, const Node& tip, int depth) const;

  Choice choose(const Step& step, Token token, const Why& why = {});

  // The node of the chosen token, with what the processors remember of the text up to it.
  Node child(const Choice& choice) const;
  Node child(const Step& step, Token token) const;

  // Whether the processors leave no score above 0, so that a sum of them can only fall. `log_p`: they are fed
  // log-probabilities, not scores of the strategy's own.
  bool scores_only_fall(bool log_p) const { return chain_->stays_below_zero(log_p); }

  // Whether a sequence ends with this token, and why.
  Stop ends(const Choice& choice) const { return stop_.check(choice.tip.child(choice.token), seconds()); }
  const StopRules& stop_rules() const { return stop_; }

  // ---- answering ----------------------------------------------------------------------------------------------------
  // Appends `token` to an answer and returns its child(); finished(sequence) may hold afterwards.
  Node emit(int sequence, const Step& step, Token token, const Why& why = {});
  Node emit(int sequence, const Choice& choice);
  bool finished(int sequence) const { return at(sequence).finish != FinishReason::running; }

  // Ends an answer that the processors left no token: `why` is the NothingLeft that process() threw. Rethrows it where
  // no other answer is left.
  void end_at_dead_end(int sequence, const NothingLeft& why);

  // What drafts were worth, for stats().
  SpeculationStats& speculation() { return stats_.speculation; }

  // The answers, best first, instead of num_return_sequences empty ones. There may be fewer.
  void answer(const std::vector<Answer>& answers);

  double seconds() const;  // since it began

  // Rows of others in the last forward of its model, of which `own` were its own. None: somebody read a prompt in it.
  std::optional<int> others_in_forward(int own) const;

  // Whether somebody wants to know why.
  bool wants_decisions() const { return decisions_; }

  // Who wants to see how a search goes; null: nobody.
  RunObserver* watcher() const { return observer_ && observer_->wants_search() ? observer_ : nullptr; }

  // ---- for who started it -------------------------------------------------------------------------------------------
  bool done() const { return done_; }
  void rethrow() const {  // the error that ended the Run, if one did
    if (error_) std::rethrow_exception(error_);
  }
  std::exception_ptr error() const { return error_; }
  const std::vector<Sequence>& sequences() const { return sequences_; }
  RunStats stats() const;
  std::uint64_t seed() const { return seed_; }
  const std::source_location& where() const { return where_; }  // the eval it waits in

  // Nothing goes on until it is let go again, and its cells may be taken.
  void hold(bool held) { inquiry_.held = held; }

 private:
  void check(const Ask& ask) const;
  Eval post(std::source_location where);
  void go_on();
  void end();
  Rows answers();
  void ask_without_prompt();
  Node without_prompt(const Node& node) const;
  void run_processors(int sequence, const Node& tip, const EvalRow& row, const Feed& feed);
  void append(int sequence, const Choice& choice, FinishReason finish);
  void finish(int sequence, Stop stop);
  const Sequence& at(int sequence) const { return sequences_[static_cast<std::size_t>(sequence)]; }

  Scheduler& scheduler_;
  GenerationConfig config_;
  StrategyFacts does_;
  int n_targets_;
  RunObserver* observer_;
  bool decisions_;  // the observer wants them
  std::uint64_t seed_;
  std::shared_ptr<const Chain> chain_;
  Realm realm_;
  Node prompt_;
  Node negative_prompt_;  // when guidance_scale is set
  StopRules stop_;
  std::vector<Sequence> sequences_;
  std::vector<std::size_t> healed_;  // bytes of each sequence still to come that the prompt's text holds already
  RunStats stats_;
  std::chrono::steady_clock::time_point started_;

  // What it waits for.
  Inquiry inquiry_;
  std::vector<Ask> asks_;
  std::coroutine_handle<> waiting_;  // the innermost coroutine, suspended in an eval
  std::source_location where_;
  std::size_t asked_ = 0;                   // targets that the strategy asked for: behind them are their twins,
  std::vector<std::pair<int, int>> twins_;  // (target, twin): the same new tokens behind the negative prompt
  std::vector<std::pair<std::uint64_t, Node>> pairs_;  // (serial of a node, its twin) of the last ones
  StrategyFunction strategy_;                          // lives as long as its coroutine
  Task<void> task_;
  std::exception_ptr error_;
  bool done_ = false;

  // Of the step being looked at.
  std::vector<float> added_logits_;
  Scores scores_;
  std::vector<float> repaired_;              // logits, where remove_invalid_values had to act
  static constexpr std::size_t kPaths = 16;  // sequences beyond take turns
  std::array<TextPath, kPaths> paths_;
  ChainTrace chain_trace_;
  std::shared_ptr<Decision> decision_;  // once a token was chosen; its memory is used again
  bool described_ = false;              // it is that of the step
  TraceScratch trace_scratch_;
};

// The awaitable of run.eval(). Trivial, so that no compiler can destroy it twice.
class Run::Eval {
 public:
  bool await_ready() const;
  void await_suspend(std::coroutine_handle<> handle) const { run_->waiting_ = handle; }
  Rows await_resume() const { return run_->answers(); }

 private:
  friend class Run;
  explicit Eval(Run* run) : run_(run) {}
  Run* run_;
};

// Throws Error if the request cannot be carried out. compile()s it if nobody has. The Run must end before the
// scheduler.
std::unique_ptr<Run> start(Scheduler& scheduler, Request request);

}  // namespace decant
