// A Run whose strategy is another thread: what that asks for is carried out on the engine's thread, in the batch, the
// caches, the processors, the stop rules and the trace that every strategy has. The other thread may take its time, or
// never come back: nobody waits for it. No Python in here.
//
//   RemoteRun run(model, request);
//   auto rows = run.eval({{.nodes = {run.prompt()}, .outputs = ...}});
//   auto step = run.process(0, run.prompt(), rows[0]);
//   auto tip = run.emit(0, step.number, run.prompt(), token);
//   run.end();
//
// Nodes are handles of one run; what is freed is forgotten with the next order. Rows are copies, which nobody outlives
// wrongly. One thread at a time.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "python/listener.h"
#include "python/opened_model.h"
#include "run/run.h"

namespace decant {

class Remote;
class Desk;

// A node, known by number to the engine's thread.
class RemoteNode {
 public:
  RemoteNode(std::shared_ptr<Remote> run, std::uint64_t number, int length, Token token)
      : run_(std::move(run)), number_(number), length_(length), token_(token) {}
  ~RemoteNode();
  RemoteNode(const RemoteNode&) = delete;
  RemoteNode& operator=(const RemoteNode&) = delete;

  const std::shared_ptr<Remote>& run() const { return run_; }
  std::uint64_t number() const { return number_; }
  int length() const { return length_; }
  Token token() const { return token_; }
  std::shared_ptr<RemoteNode> child(Token token) const;

 private:
  std::shared_ptr<Remote> run_;
  std::uint64_t number_;
  int length_;
  Token token_;
};
using RemoteNodePtr = std::shared_ptr<RemoteNode>;

// A token that may be written later: what Run::choose() keeps.
class RemoteChoice {
 public:
  RemoteChoice(std::shared_ptr<Remote> run, std::uint64_t number, Token token, double log_p, float score)
      : run_(std::move(run)), number_(number), token_(token), log_p_(log_p), score_(score) {}
  ~RemoteChoice();
  RemoteChoice(const RemoteChoice&) = delete;
  RemoteChoice& operator=(const RemoteChoice&) = delete;

  const std::shared_ptr<Remote>& run() const { return run_; }
  std::uint64_t number() const { return number_; }
  Token token() const { return token_; }
  double log_p() const { return log_p_; }
  float score() const { return score_; }

 private:
  std::shared_ptr<Remote> run_;
  std::uint64_t number_;
  Token token_;
  double log_p_;
  float score_;
};

struct RemoteAsk {
  std::vector<RemoteNodePtr> nodes;
  Outputs outputs;
  int model = 0;
};

struct RemoteRow {
  std::vector<float> logits, hidden, unconditional;
  std::vector<std::vector<float>> layers, states;
};

struct RemoteStep {
  std::uint64_t number = 0;   // it is the run's until the next one is made
  std::vector<float> scores;  // as the processors left them, -infinity for what they removed
  Token argmax = -1;
};

class RemoteRun {
 public:
  RemoteRun(OpenedModel& model, OpenedModel::Request request);
  ~RemoteRun();

  // Called while it waits, now and then; may throw, which ends the waiting.
  std::function<void()> while_waiting = {};
  std::function<void(const Piece&)> on_piece = {};  // of the text, as it is written

  RemoteNodePtr prompt() const { return prompt_; }
  RemoteNodePtr text(std::vector<Token> tokens);
  std::vector<RemoteRow> eval(const std::vector<RemoteAsk>& asks);  // the rows of all asks, one after the other
  RemoteRow with_logits(const RemoteRow& row);                      // of one that was asked for its hidden state alone
  RemoteStep process(int sequence, const RemoteNodePtr& tip, const RemoteRow& row);
  Token sample(std::uint64_t step);  // drawn by the request's own noise
  RemoteNodePtr emit(int sequence, std::uint64_t step, const RemoteNodePtr& tip, Token token);
  RemoteNodePtr emit(int sequence, const RemoteChoice& choice);
  std::shared_ptr<RemoteChoice> choose(std::uint64_t step, Token token);
  RemoteNodePtr child(const RemoteChoice& choice);
  bool finished(int sequence) const;
  std::string ends(const RemoteChoice& choice);  // why the text would end with it, or ""
  void end();

  Listener& listener() { return listener_; }
  const ModelInfo& info() const { return model_info_; }

 private:
  using Act = std::function<void(Desk&)>;
  void act(Act act);
  void wait();
  void post();
  RemoteNodePtr node_of(std::uint64_t number, int length, Token token) const;
  void check(const std::shared_ptr<Remote>& run, const char* what) const;
  void check_sequence(int sequence) const;
  void check_token(Token token) const;

  ModelInfo model_info_;
  std::shared_ptr<Bell> bell_ = std::make_shared<Bell>();
  std::shared_ptr<Remote> remote_;
  Listener listener_;
  RemoteNodePtr prompt_;
  std::vector<char> finished_;  // by sequence
};

}  // namespace decant
