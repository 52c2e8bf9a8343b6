// Tested by tests/python/.
#include "python/remote_run.h"

#include <chrono>
#include <utility>

#include "base/error.h"

namespace decant {

// How long the engine waits for the next order before it goes on without the run: what a recipe does between two of
// them takes microseconds, and missing a batch costs milliseconds.
constexpr std::chrono::microseconds kPatience{200};

// What the two threads share.
class Remote {
 public:
  explicit Remote(std::shared_ptr<Bell> bell) : bell_(std::move(bell)) {}

  struct Order {
    std::function<void(Desk&)> act = {};     // carried out, then
    std::vector<RemoteAsk> asks = {};        // asked for, if there are any
    std::vector<RemoteRow>* rows = nullptr;  // filled with their answers
    bool ends = false;
  };

  // ---- the other thread's side
  void put(Order order) {
    {
      const std::lock_guard lock(mutex_);
      order_ = std::move(order);
      answered_ = false;
      error_ = nullptr;
    }
    put_.notify_all();
  }
  bool answered() const {
    const std::lock_guard lock(mutex_);
    return answered_;
  }
  bool gone() const {
    const std::lock_guard lock(mutex_);
    return gone_;
  }
  std::exception_ptr error() const {
    const std::lock_guard lock(mutex_);
    return error_;
  }
  void later(std::function<void(Desk&)> act) {  // before the next order
    const std::lock_guard lock(mutex_);
    if (!gone_) later_.push_back(std::move(act));
  }
  std::uint64_t new_number() {
    const std::lock_guard lock(mutex_);
    return ++numbers_;
  }
  const Bell& bell() const { return *bell_; }

  // ---- the engine's
  std::optional<Order> take(std::chrono::microseconds patience) {
    std::unique_lock lock(mutex_);
    put_.wait_for(lock, patience, [&] { return order_.has_value(); });
    return std::exchange(order_, std::nullopt);
  }
  std::vector<std::function<void(Desk&)>> take_later() {
    const std::lock_guard lock(mutex_);
    return std::exchange(later_, {});
  }
  void answer(std::exception_ptr error) {
    {
      const std::lock_guard lock(mutex_);
      answered_ = true;
      error_ = std::move(error);
    }
    bell_->ring();
  }
  void leave() {  // nothing will be answered any more
    {
      const std::lock_guard lock(mutex_);
      gone_ = true;
      later_.clear();
    }
    bell_->ring();
  }

 private:
  std::shared_ptr<Bell> bell_;
  mutable std::mutex mutex_;
  std::condition_variable put_;
  std::optional<Order> order_;
  std::vector<std::function<void(Desk&)>> later_;
  std::exception_ptr error_;
  std::uint64_t numbers_ = 0;
  bool answered_ = false, gone_ = false;
};

// What the engine's thread has of it: in the strategy's frame, so that it goes with the Run.
class Desk {
 public:
  Desk(Run& run_of, std::shared_ptr<Remote> remote) : run(run_of), remote_(std::move(remote)) {
    nodes[0] = run.prompt();
    ends.assign(static_cast<std::size_t>(run.config().num_return_sequences), run.prompt());
  }
  ~Desk() { remote_->leave(); }
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;

  Remote& remote() { return *remote_; }
  void tidy() {
    for (const auto& act : remote_->take_later()) act(*this);
  }

  struct Processed {
    std::uint64_t number;
    int sequence;
    Node tip;
    std::vector<float> logits, unconditional;
    std::unique_ptr<const Step> step;
  };
  const Processed& processed(std::uint64_t number) const {
    if (step && step->number == number) return *step;
    throw Error(ErrorKind::usage,
                "this step is over, as another distribution has been processed since: emit or choose before");
  }

  Run& run;
  std::unordered_map<std::uint64_t, Node> nodes;
  std::unordered_map<std::uint64_t, Choice> choices;
  std::vector<Node> ends;  // of the sequences
  std::unique_ptr<Processed> step;

 private:
  std::shared_ptr<Remote> remote_;
};

namespace {

std::vector<float> copy(std::span<const float> row) { return {row.begin(), row.end()}; }

RemoteRow copy(const EvalRow& row) {
  RemoteRow copied{copy(row.logits), copy(row.hidden), copy(row.unconditional), {}, {}};
  for (const auto& layer : row.layers) copied.layers.push_back(copy(layer));
  for (const auto& state : row.states) copied.states.push_back(copy(state));
  return copied;
}

std::vector<Ask> real(const std::vector<RemoteAsk>& asks, const Desk& desk) {
  std::vector<Ask> real;
  for (const RemoteAsk& each : asks) {
    Ask& ask = real.emplace_back();
    for (const RemoteNodePtr& node : each.nodes) ask.nodes.push_back(desk.nodes.at(node->number()));
    ask.outputs = each.outputs;
    ask.model = each.model;
  }
  return real;
}

Task<void> obey(Run& run, std::shared_ptr<Remote> remote) {
  Desk desk(run, remote);
  for (;;) {
    std::optional<Remote::Order> order = remote->take(kPatience);
    while (!order) {
      run.hold(true);  // until the other thread lets it go, which it does behind its order
      co_await run.pause();
      order = remote->take(std::chrono::microseconds(0));
    }
    std::exception_ptr error;
    try {
      desk.tidy();
      if (order->ends) co_return;
      if (order->act) order->act(desk);
      if (!order->asks.empty()) {
        const std::vector<Ask> asks = real(order->asks, desk);
        auto rows = co_await run.eval(asks);
        for (const EvalRow& row : rows) order->rows->push_back(copy(row));
      }
    } catch (...) {
      error = std::current_exception();
    }
    remote->answer(error);
  }
}

void check_end(const Desk& desk, int sequence, const Node& tip) {
  if (desk.ends[static_cast<std::size_t>(sequence)] == tip) return;
  throw Error(ErrorKind::usage,
              "sequence {} does not end at this node: emit the token behind the last one that was emitted", sequence);
}

}  // namespace

RemoteNode::~RemoteNode() {
  if (number_ == 0) return;  // the prompt
  run_->later([number = number_](Desk& desk) { desk.nodes.erase(number); });
}

RemoteNodePtr RemoteNode::child(Token token) const {
  const std::uint64_t number = run_->new_number();
  run_->later(
      [parent = number_, number, token](Desk& desk) { desk.nodes[number] = desk.nodes.at(parent).child(token); });
  return std::make_shared<RemoteNode>(run_, number, length_ + 1, token);
}

RemoteChoice::~RemoteChoice() {
  run_->later([number = number_](Desk& desk) { desk.choices.erase(number); });
}

namespace {

OpenedModel::Request remote_request(OpenedModel::Request request, const std::shared_ptr<Remote>& remote,
                                    const std::shared_ptr<Bell>& bell) {
  request.function = [remote](Run& run) { return obey(run, remote); };
  request.bell = bell;
  return request;
}

}  // namespace

RemoteRun::RemoteRun(OpenedModel& model, OpenedModel::Request request)
    : model_info_(model.info()),
      remote_(std::make_shared<Remote>(bell_)),
      listener_(model.submit(remote_request(request, remote_, bell_)), model.run_info(request), model.vocab()),
      prompt_(std::make_shared<RemoteNode>(remote_, 0, static_cast<int>(request.prompt.tokens.size()),
                                           request.prompt.tokens.back())),
      finished_(static_cast<std::size_t>(request.config.num_return_sequences)) {}

RemoteRun::~RemoteRun() = default;

void RemoteRun::check(const std::shared_ptr<Remote>& run, const char* what) const {
  if (run != remote_)
    throw Error(ErrorKind::usage, "this {0} is another run's: a {0} belongs to the run that made it", what);
}

void RemoteRun::check_sequence(int sequence) const {
  if (sequence >= 0 && sequence < std::ssize(finished_)) return;
  throw Error(ErrorKind::usage, "there is no sequence {}: num_return_sequences is {}", sequence, finished_.size());
}

void RemoteRun::check_token(Token token) const {
  if (token >= 0 && token < model_info_.n_vocab) return;
  throw Error(ErrorKind::usage, "there is no token {}: this model's are 0 to {}", token, model_info_.n_vocab - 1);
}

RemoteNodePtr RemoteRun::node_of(std::uint64_t number, int length, Token token) const {
  return std::make_shared<RemoteNode>(remote_, number, length, token);
}

// An order may point to what its caller has: whatever happens, it is carried out or dropped when this returns.
void RemoteRun::wait() {
  const auto listen = [&] {
    while (const auto piece = listener_.next(std::chrono::milliseconds(0))) {
      if (piece->token < 0) finished_[static_cast<std::size_t>(piece->sequence)] = 1;
      if (on_piece) on_piece(*piece);
    }
  };
  std::exception_ptr interrupted;
  for (;;) {
    const std::uint64_t seen = bell_->count();
    const bool over = remote_->answered() || remote_->gone() || listener_.ended();
    listen();  // what was written before the answer is heard before it, and a full mailbox holds nobody
    if (over) break;
    bell_->wait(seen, std::chrono::milliseconds(50));
    try {
      if (while_waiting && !interrupted) while_waiting();
    } catch (...) {
      interrupted = std::current_exception();
      listener_.cancel();
    }
  }
  if (interrupted) std::rethrow_exception(interrupted);
  if (remote_->answered()) {
    if (const auto error = remote_->error()) std::rethrow_exception(error);
    return;
  }
  listener_.outcome();  // throws what ended it, if something did
  throw Error(ErrorKind::unavailable, "the run has ended, and nothing more can be asked of it");
}

void RemoteRun::act(Act act) {
  if (remote_->gone() || listener_.ended())
    throw Error(ErrorKind::usage, "the run has ended, and nothing more can be asked of it");
  remote_->put({.act = std::move(act)});
  listener_.go_on();
  wait();
}

RemoteNodePtr RemoteRun::text(std::vector<Token> tokens) {
  if (tokens.empty()) throw Error(ErrorKind::usage, "the text is empty: a node has at least one token");
  for (const Token token : tokens) check_token(token);
  const std::uint64_t number = remote_->new_number();
  const int length = static_cast<int>(tokens.size());
  const Token last = tokens.back();
  remote_->later([number, tokens = std::move(tokens)](Desk& desk) { desk.nodes[number] = desk.run.text(tokens); });
  return node_of(number, length, last);
}

std::vector<RemoteRow> RemoteRun::eval(const std::vector<RemoteAsk>& asks) {
  if (remote_->gone() || listener_.ended())
    throw Error(ErrorKind::usage, "the run has ended, and nothing more can be asked of it");
  bool any = false;
  for (const RemoteAsk& ask : asks) {
    any = any || !ask.nodes.empty();
    if (!ask.outputs.any())
      throw Error(ErrorKind::usage, "nothing is asked of the nodes: logits, hidden, layers or states");
    for (const RemoteNodePtr& node : ask.nodes) {
      check(node->run(), "node");
      check_token(node->token());
    }
  }
  if (!any) throw Error(ErrorKind::usage, "there is no node to be evaluated: yield at least one");
  std::vector<RemoteRow> rows;
  remote_->put({.asks = asks, .rows = &rows});
  listener_.go_on();
  wait();
  return rows;
}

RemoteRow RemoteRun::with_logits(const RemoteRow& row) {
  if (row.hidden.empty())
    throw Error(ErrorKind::usage, "the row has no hidden state to make logits of: ask for hidden");
  RemoteRow whole = row;
  act([&](Desk& desk) {
    if (!desk.run.can_add_logits())
      throw Error(ErrorKind::unavailable,
                  "logits cannot be made of this model's hidden states, or guidance needs more: ask for both");
    EvalRow eval;
    eval.hidden = row.hidden;
    whole.logits = copy(desk.run.with_logits(eval).logits);
  });
  return whole;
}

RemoteStep RemoteRun::process(int sequence, const RemoteNodePtr& tip, const RemoteRow& row) {
  check_sequence(sequence);
  check(tip->run(), "node");
  if (std::ssize(row.logits) != model_info_.n_vocab) {
    throw Error(ErrorKind::usage, "the row has {} logits, and the vocabulary {} tokens: ask for logits",
                row.logits.size(), model_info_.n_vocab);
  }
  RemoteStep step{remote_->new_number(), std::vector<float>(row.logits.size()), -1};
  act([&](Desk& desk) {
    desk.step = std::make_unique<Desk::Processed>(
        Desk::Processed{step.number, sequence, desk.nodes.at(tip->number()), row.logits, row.unconditional, nullptr});
    Desk::Processed& it = *desk.step;
    EvalRow eval;
    eval.logits = it.logits;
    eval.unconditional = it.unconditional;
    it.step = std::make_unique<const Step>(desk.run.process(sequence, it.tip, eval));
    it.step->scores.copy_to(step.scores);
    step.argmax = it.step->scores.argmax();
  });
  return step;
}

Token RemoteRun::sample(std::uint64_t step) {
  Token drawn = -1;
  act([&](Desk& desk) {
    const Desk::Processed& it = desk.processed(step);
    drawn = it.step->scores.race(1, desk.run.noise(it.sequence, it.tip))[0].id;
  });
  return drawn;
}

RemoteNodePtr RemoteRun::emit(int sequence, std::uint64_t step, const RemoteNodePtr& tip, Token token) {
  check_sequence(sequence);
  check_token(token);
  if (finished(sequence))
    throw Error(ErrorKind::usage, "sequence {} has ended: nothing can be emitted behind it", sequence);
  const std::uint64_t number = remote_->new_number();
  act([&](Desk& desk) {
    const Desk::Processed& it = desk.processed(step);
    check_end(desk, sequence, it.tip);
    Node& end = desk.ends[static_cast<std::size_t>(sequence)];
    end = desk.run.emit(sequence, *it.step, token);
    desk.nodes[number] = end;
    desk.step.reset();
  });
  return node_of(number, tip->length() + 1, token);
}

RemoteNodePtr RemoteRun::emit(int sequence, const RemoteChoice& choice) {
  check_sequence(sequence);
  check(choice.run(), "choice");
  if (finished(sequence))
    throw Error(ErrorKind::usage, "sequence {} has ended: nothing can be emitted behind it", sequence);
  const std::uint64_t number = remote_->new_number();
  int length = 0;
  act([&](Desk& desk) {
    const Choice& it = desk.choices.at(choice.number());
    check_end(desk, sequence, it.tip);
    Node& end = desk.ends[static_cast<std::size_t>(sequence)];
    end = desk.run.emit(sequence, it);
    desk.nodes[number] = end;
    length = end.length();
  });
  return node_of(number, length, choice.token());
}

std::shared_ptr<RemoteChoice> RemoteRun::choose(std::uint64_t step, Token token) {
  check_token(token);
  const std::uint64_t number = remote_->new_number();
  double log_p = 0;
  float score = 0;
  act([&](Desk& desk) {
    const Choice choice = desk.run.choose(*desk.processed(step).step, token);
    log_p = choice.log_p;
    score = choice.score;
    desk.choices.emplace(number, choice);
  });
  return std::make_shared<RemoteChoice>(remote_, number, token, log_p, score);
}

RemoteNodePtr RemoteRun::child(const RemoteChoice& choice) {
  check(choice.run(), "choice");
  const std::uint64_t number = remote_->new_number();
  int length = 0;
  act([&](Desk& desk) {
    const Node node = desk.run.child(desk.choices.at(choice.number()));
    length = node.length();
    desk.nodes[number] = node;
  });
  return node_of(number, length, choice.token());
}

bool RemoteRun::finished(int sequence) const {
  check_sequence(sequence);
  return finished_[static_cast<std::size_t>(sequence)] != 0;
}

std::string RemoteRun::ends(const RemoteChoice& choice) {
  check(choice.run(), "choice");
  FinishReason reason = FinishReason::running;
  act([&](Desk& desk) { reason = desk.run.ends(desk.choices.at(choice.number())).reason; });
  return reason == FinishReason::running ? "" : std::string(to_string(reason));
}

void RemoteRun::end() {
  if (remote_->gone() || listener_.ended()) return;
  remote_->put({.ends = true});
  listener_.go_on();
}

}  // namespace decant
