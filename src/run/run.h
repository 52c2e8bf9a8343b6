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
// Rows and Steps are views into the model's own memory: they are valid until the strategy's next co_await. To look at
// several models (or kinds of output) at once, ask for them in one eval.
//
// A Run is made by Scheduler::start(); destroying it cancels it and frees its nodes.
#pragma once

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <source_location>
#include <span>
#include <string>
#include <vector>

#include "model/model.h"
#include "numerics/log_sum_exp.h"
#include "numerics/philox.h"
#include "options/generation_config.h"
#include "processors/chain.h"
#include "processors/scores.h"
#include "run/search_trace.h"
#include "run/stop.h"
#include "run/task.h"
#include "run/trace.h"
#include "tree/prefix_tree.h"

namespace decant {

class Run;
class Scheduler;

using StrategyFunction = std::function<Task<void>(Run&)>;

// What to evaluate, and what to return for each node. `model` counts the Run's models from 0.
struct Ask {
  std::vector<Node> nodes;
  Outputs outputs{.logits = true, .hidden = false, .layers = {}};
  int model = 0;
};

struct EvalRow {
  std::span<const float> logits = {};               // n_vocab
  std::span<const float> hidden = {};               // n_embd
  std::vector<std::span<const float>> layers = {};  // n_vocab each, in the order asked for
  std::span<const float> unconditional = {};        // logits behind the negative prompt, when guidance_scale is set
};
using Rows = std::span<const EvalRow>;

// One distribution, before and after the processors.
struct Step {
  const Node& tip;                // the node after which it stands
  std::span<const float> logits;  // the model's
  LogSum sum;                     // of `logits`
  Scores& scores;                 // the processors' result: ready to take the argmax of, or to draw from
};

// Why a token was chosen: what the trace cannot see in the distribution.
struct Why {
  std::optional<double> u = {};  // the random number used
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

// What a search says of an answer it found.
struct BeamScore {
  double sum = 0;                       // of the processed scores along the text
  double normalized = 0;                // what the answers are ranked by
  std::vector<std::string> unmet = {};  // of the forced words
};

struct Answer {
  std::vector<const Choice*> path;  // from the prompt on
  Stop stop;
  BeamScore score;
};

struct Sequence {          // one answer
  std::vector<Token> ids;  // generated tokens, the end-of-sequence token included
  std::string bytes;       // their text, without healed bytes; cut before a stop string that is not to be shown
  double score = 0;        // sum of the model's log-probabilities of `ids`
  std::optional<BeamScore> beam = {};
  FinishReason finish = FinishReason::running;
};

struct RunStats {
  int prompt_tokens = 0;
  int new_tokens = 0;      // over all sequences
  std::int64_t evals = 0;  // forwards of a model that this Run had rows in
  std::int64_t rows = 0;   // rows evaluated for it
  double prefill_s = 0;    // until the first distribution after the prompt
  double decode_s = 0;     // from then on
};

// Told of everything that a Run produces, while it runs. It must not destroy the Run.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  virtual void token(int /*sequence*/, Token /*token*/, std::string_view /*bytes added to the text*/) {}
  virtual void finished(int /*sequence*/, Stop /*stop*/) {}
  virtual bool wants_decisions() const { return false; }
  virtual bool wants_stage_scores() const { return false; }  // in the decisions
  virtual void decision(const Decision& /*decision*/) {}
  virtual bool wants_search() const { return false; }
  virtual void search(const SearchStep& /*step*/) {}
  virtual void search_ended(std::span<const SearchEnd> /*the answers first, each part best first*/) {}
};

struct Request {
  GenerationConfig config;
  std::vector<Token> prompt;
  std::vector<Token> negative_prompt = {};  // what guidance_scale leads away from; empty: the prompt's last token
  std::string healed = {};  // bytes that token healing took from the prompt's end: the tokens begin with them
  StrategyFunction strategy;
  std::vector<int> models = {
      0};  // indices of the scheduler's models: the Run's model 0 (whose vocabulary rules), 1, ...
  RunObserver* observer = nullptr;
};

class Run {
 public:
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  // ---- for strategies -----------------------------------------------------------------------------------------------
  const GenerationConfig& config() const { return config_; }
  bool draws() const;  // whether tokens are to be drawn
  const Vocab& vocab() const;
  const ModelInfo& model_info(int model = 0) const;
  const Node& prompt() const { return prompt_; }   // the prompt's last token
  Node text(std::span<const Token> tokens) const;  // any other text, from its beginning on

  class Eval;
  Eval eval(const Node& node, std::source_location where = std::source_location::current());
  Eval eval(const std::vector<Node>& nodes, std::source_location where = std::source_location::current());
  Eval eval(const Ask& ask, std::source_location where = std::source_location::current());
  Eval eval(const std::vector<Ask>& asks, std::source_location where = std::source_location::current());

  // Runs the processors on the logits of a row. `sequence` counts where a processor draws random numbers (xtc). Throws
  // Error when the logits hold a NaN, an infinity, or nothing that could be chosen, and when the processors leave
  // nothing. NothingLeft is the Error of the last case.
  Step process(int sequence, const Node& tip, const EvalRow& row, const Feed& feed = {});

  Choice choose(const Step& step, Token token, const Why& why = {});

  // The node of the chosen token, with what the processors remember of the text up to it.
  Node child(const Choice& choice) const;

  // Whether a sequence ends with this token, and why.
  Stop ends(const Choice& choice) const { return stop_.check(choice.tip.child(choice.token), seconds()); }
  const StopRules& stop_rules() const { return stop_; }

  // The answers, best first, instead of num_return_sequences empty ones. There may be fewer.
  void answer(const std::vector<Answer>& answers);

  double seconds() const;  // since it began

  // Whether somebody wants to know why.
  bool wants_decisions() const { return decisions_; }

  // Who wants to see how a search goes; null: nobody.
  RunObserver* watcher() const { return observer_ && observer_->wants_search() ? observer_ : nullptr; }

  // Appends `token` to an answer and returns its child(); finished(sequence) may hold afterwards.
  Node emit(int sequence, const Step& step, Token token, const Why& why = {});
  Node emit(int sequence, const Choice& choice);
  bool finished(int sequence) const {
    return sequences_[static_cast<std::size_t>(sequence)].finish != FinishReason::running;
  }

  // In [0, 1), the same in any company: a function of the Run's seed, the sequence, the position of the token to be
  // chosen, and the purpose.
  double uniform(int sequence, const Node& tip, Stream stream = Stream::token) const;

  // ---- for front ends -----------------------------------------------------------------------------------------------
  bool done() const { return done_; }
  void rethrow() const {  // the error that ended the Run, if one did
    if (error_) std::rethrow_exception(error_);
  }
  const std::vector<Sequence>& sequences() const { return sequences_; }
  const RunStats& stats() const { return stats_; }
  std::uint64_t seed() const { return seed_; }
  const std::source_location& where() const { return where_; }  // the eval it waits in

 private:
  friend class Scheduler;

  struct Target {
    Node node;
    const Outputs* outputs = nullptr;
    int model = 0;  // of the Run
    int row = -1;   // in the batch being evaluated
    int twin = -1;  // index of the target with the same new tokens behind the negative prompt
    bool done = false;
    std::vector<float> kept;  // copy of the outputs, when the rest of the request needs another batch
  };

  Run(Scheduler& scheduler, Request request, std::uint64_t seed);
  void check(const Ask& ask) const;
  Eval post(std::source_location where);
  void ask_without_prompt();
  bool answered() const;
  void keep_rows();
  void run_processors(int sequence, const Node& tip, const EvalRow& row, const Feed& feed);
  void append(int sequence, const Choice& choice, FinishReason finish);
  void finish(int sequence, Stop stop);

  Scheduler& scheduler_;
  int age_;  // smaller is older
  GenerationConfig config_;
  std::vector<int> models_;
  RunObserver* observer_;
  std::uint64_t seed_;
  Node prompt_;
  StopRules stop_;
  Chain chain_;
  Scores scores_;
  ChainTrace chain_trace_;
  std::vector<float> repaired_;  // logits, where remove_invalid_values had to act
  Node negative_prompt_;         // when guidance_scale is set
  std::vector<Node> twins_;      // of the nodes last evaluated: the same new tokens behind the negative prompt
  std::vector<Token> tokens_;    // scratch: the path of the tip being processed
  std::vector<Sequence> sequences_;
  std::vector<std::size_t> healed_;  // bytes of each sequence still to come that the prompt's text holds already
  RunStats stats_;
  std::chrono::steady_clock::time_point started_;

  Task<void> task_;
  std::coroutine_handle<> waiting_;  // the innermost coroutine, suspended in an eval
  std::source_location where_;
  std::vector<Ask> asks_;
  std::vector<Target> targets_;
  std::vector<EvalRow> rows_;
  std::exception_ptr failed_;  // to be thrown at the co_await
  std::exception_ptr error_;
  bool done_ = false;
  bool decisions_ = false;              // the observer wants them
  std::shared_ptr<Decision> decision_;  // of the last step, once a token was chosen; its memory is used again
  bool described_ = false;              // it is that of the last step
  TraceScratch trace_scratch_;
};

// The awaitable of run.eval(). Trivial, so that no compiler can destroy it twice.
class Run::Eval {
 public:
  bool await_ready() const;
  void await_suspend(std::coroutine_handle<> handle) const { run_->waiting_ = handle; }
  Rows await_resume() const;

 private:
  friend class Run;
  explicit Eval(Run* run) : run_(run) {}
  Run* run_;
};

}  // namespace decant
