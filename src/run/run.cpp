// Tested by tests/run/scheduler_test.cpp, seams_test.cpp, company_test.cpp and trace_test.cpp.
#include "run/run.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "model/inner_layers.h"
#include "model/not_finite.h"

namespace decant {
namespace {

// Equals Hugging Face's InfNanRemoveLogitsProcessor, but before all others; -infinity stays what it is, a removed
// token.
void repair(std::span<const float> logits, std::vector<float>& repaired) {
  repaired.assign(logits.begin(), logits.end());
  for (float& logit : repaired) {
    if (std::isnan(logit)) logit = 0;
    logit = std::min(logit, std::numeric_limits<float>::max());
  }
}

// What the processors remember at a node; null at the prompt's end.
const Chain::States* states(const Node& node) { return static_cast<const Chain::States*>(node.memory().get()); }

std::vector<const ModelInfo*> infos(const Scheduler& scheduler, const Request& request) {
  std::vector<const ModelInfo*> list;
  for (const ModelId model : request.models) list.push_back(&scheduler.model(model).info());
  return list;
}

Request checked(Scheduler& scheduler, Request request) {
  const auto models = infos(scheduler, request);
  check_prompts(request, models);
  if (!request.chain) compile(request, scheduler.model(request.models[0]).vocab(), models);
  return request;
}

}  // namespace

std::unique_ptr<Run> start(Scheduler& scheduler, Request request) {
  return std::make_unique<Run>(scheduler, checked(scheduler, std::move(request)));
}

Run::Run(Scheduler& scheduler, Request request)
    : scheduler_(scheduler),
      config_(std::move(request.config)),
      does_(request.does),
      n_targets_(static_cast<int>(request.models.size()) - request.n_drafting),
      observer_(request.observer),
      decisions_(observer_ && observer_->wants_decisions()),
      seed_(config_.seed ? *config_.seed : random_seed()),
      chain_(std::move(request.chain)),
      realm_(request.realm),
      prompt_(scheduler.tree().text(request.prompt, realm_)),
      stop_(config_, scheduler.model(request.models[0]).vocab(), prompt_.length(),
            longest_text(request, infos(scheduler, request)), request.healed.size()),
      sequences_(static_cast<std::size_t>(config_.num_return_sequences)),
      healed_(sequences_.size(), request.healed.size()),
      started_(std::chrono::steady_clock::now()),
      chain_trace_(observer_ && observer_->wants_stage_scores()) {
  stats_.prompt_tokens = prompt_.length();
  if (config_.guidance_scale != 1) {
    const std::span<const Token> last = std::span(request.prompt).last(1);
    const std::span<const Token> negative = request.negative_prompt;
    negative_prompt_ = scheduler.tree().text(negative.empty() ? last : negative, realm_);
  }
  inquiry_.models = std::move(request.models);
  inquiry_.age = scheduler.next_age();
  inquiry_.go_on = [this] { go_on(); };
  if (config_.max_new_tokens == 0) {
    for (int i = 0; i < config_.num_return_sequences; ++i) finish(i, {FinishReason::length, 0});
    end();
    return;
  }
  strategy_ = std::move(request.strategy);
  task_ = strategy_(*this);
  waiting_ = task_.handle();
  scheduler_.post(inquiry_);
}

// The frames go first: they refer to everything else.
Run::~Run() {
  scheduler_.withdraw(inquiry_);
  task_ = {};
  asks_.clear();
  inquiry_.targets.clear();
  prompt_ = {};
  negative_prompt_ = {};
  pairs_.clear();
  scheduler_.flush();
}

const Vocab& Run::vocab(int model) const {
  return scheduler_.model(inquiry_.models[static_cast<std::size_t>(model)]).vocab();
}
const ModelInfo& Run::model_info(int model) const {
  return scheduler_.model(inquiry_.models[static_cast<std::size_t>(model)]).info();
}

double Run::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
}

std::optional<int> Run::others_in_forward(int own) const {
  const Cache& cache = scheduler_.cache(inquiry_.models[0]);
  const int asked = cache.last_asked_rows();
  if (cache.last_rows() > asked + asked / 4) return std::nullopt;
  return std::max(0, asked - own);
}

RunStats Run::stats() const {
  RunStats stats = stats_;
  stats.evals = inquiry_.n_evals;
  stats.rows = inquiry_.n_rows;
  if (!done_ && stats.prefill_s > 0) stats.decode_s = seconds() - stats.prefill_s;
  return stats;
}

Node Run::text(std::span<const Token> tokens) const { return scheduler_.tree().text(tokens, realm_); }

double Run::uniform(int sequence, const Node& tip, Stream stream, int lane) const {
  return decant::uniform(seed_, static_cast<std::uint32_t>(sequence), static_cast<std::uint32_t>(tip.length()), stream,
                         static_cast<std::uint32_t>(lane));
}

// ---- going on -------------------------------------------------------------------------------------------------------

void Run::go_on() {
  const bool answered = asked_ > 0 && asks_.front().model < n_targets_;  // and not for a draft
  if (answered && stats_.prefill_s == 0) stats_.prefill_s = seconds();
  waiting_.resume();
  if (!task_.done()) return;
  try {
    task_.result();
  } catch (...) {
    error_ = std::current_exception();
  }
  end();
}

void Run::end() {
  done_ = true;
  stats_.decode_s = seconds() - stats_.prefill_s;
  task_ = {};
  asks_.clear();
  inquiry_.targets.clear();
  pairs_.clear();
  scheduler_.flush();
}

// ---- asking ---------------------------------------------------------------------------------------------------------

Run::Eval Run::eval(const Node& node, std::source_location where) {
  asks_.resize(1);
  asks_[0] = {};
  asks_[0].nodes.push_back(node);
  return post(where);
}

Run::Eval Run::eval(const std::vector<Node>& nodes, std::source_location where) {
  asks_.resize(1);
  asks_[0] = {};
  asks_[0].nodes = nodes;
  return post(where);
}

Run::Eval Run::eval(const Ask& ask, std::source_location where) {
  asks_.assign(1, ask);
  return post(where);
}

Run::Eval Run::eval(const std::vector<Ask>& asks, std::source_location where) {
  asks_ = asks;
  return post(where);
}

Run::Eval Run::pause(std::source_location where) {
  where_ = where;
  asks_.clear();
  asked_ = 0;
  inquiry_.targets.clear();
  twins_.clear();
  scheduler_.post(inquiry_);
  return Eval(this);
}

// Here, because a batch that the model refuses fails for everybody in it.
void Run::check(const Ask& ask) const {
  assert(ask.outputs.any());
  if (ask.model < 0 || ask.model >= std::ssize(inquiry_.models)) {
    throw Error(ErrorKind::usage, "this strategy needs {} models, and the run has {}", ask.model + 1,
                inquiry_.models.size());
  }
  const ModelInfo& info = model_info(ask.model);
  for (const Node& node : ask.nodes) {
    assert(node && node.length() > 0);
    if (node.token() < 0 || node.token() >= info.n_vocab) {
      throw Error(ErrorKind::usage, "token {} is outside of the vocabulary of {}, which has {} tokens", node.token(),
                  info.name, info.n_vocab);
    }
    if (node.length() > info.n_context) {
      throw Error(ErrorKind::usage, "the text has come to {} tokens, and {} reads {}: write fewer", node.length(),
                  info.name, info.n_context);
    }
  }
  const auto check_layers = [&](const std::vector<int>& layers) {
    if (!layers.empty()) check_inner_layers(info);
    for (const int layer : layers) {
      if (layer >= 0 && layer < info.n_layer) continue;
      throw Error(ErrorKind::usage, "layer {} does not exist: this model has hidden states 0 to {}", layer,
                  info.n_layer - 1);
    }
  };
  check_layers(ask.outputs.layers);
  check_layers(ask.outputs.states);
}

Run::Eval Run::post(std::source_location where) {
  where_ = where;
  std::vector<Target>& targets = inquiry_.targets;
  targets.clear();
  for (const Ask& ask : asks_) {
    check(ask);
    const ModelId model = inquiry_.models[static_cast<std::size_t>(ask.model)];
    for (const Node& node : ask.nodes) targets.push_back({.node = node, .outputs = &ask.outputs, .model = model});
  }
  assert(!targets.empty());
  asked_ = targets.size();
  if (negative_prompt_) ask_without_prompt();
  scheduler_.post(inquiry_);
  return Eval(this);
}

// Classifier-free guidance: for every row of logits another one, of the same text with the negative prompt in place of
// the prompt. The twins stay until the next ones are there, so that these find everything but their last token cached.
void Run::ask_without_prompt() {
  static const Outputs logits{.logits = true, .hidden = false, .layers = {}, .states = {}};
  std::vector<std::pair<std::uint64_t, Node>> pairs;
  twins_.clear();
  int target = -1;
  for (const Ask& ask : asks_) {
    for (const Node& node : ask.nodes) {
      ++target;
      if (ask.model != 0 || !ask.outputs.logits) continue;
      Node twin = without_prompt(node);
      if (!twin) continue;
      twins_.emplace_back(target, static_cast<int>(asked_ + pairs.size()));
      pairs.emplace_back(node.serial(), std::move(twin));
    }
  }
  for (const auto& [serial, twin] : pairs) {
    inquiry_.targets.push_back({.node = twin, .outputs = &logits, .model = inquiry_.models[0]});
  }
  if (!pairs.empty()) pairs_ = std::move(pairs);
}

// Mostly a child of the twin of its parent. None: the text does not go on from the prompt, and nothing is new in it.
Node Run::without_prompt(const Node& node) const {
  std::vector<Token> tokens;  // from where its twin is known on, last to first
  for (Node at = node; at.length() >= prompt_.length(); at = at.parent()) {
    Node twin;
    for (const auto& [known, its] : pairs_) {
      if (known == at.serial()) twin = its;
    }
    if (at == prompt_) twin = negative_prompt_;
    if (twin) {
      std::reverse(tokens.begin(), tokens.end());
      for (const Token token : tokens) twin = twin.child(token);
      return twin;
    }
    tokens.push_back(at.token());
  }
  return {};
}

bool Run::Eval::await_ready() const {
  if (!run_->scheduler_.synchronous()) return false;
  run_->scheduler_.answer_now(run_->inquiry_);
  return true;
}

Rows Run::answers() {
  if (inquiry_.error) std::rethrow_exception(std::exchange(inquiry_.error, nullptr));
  for (const auto& [target, twin] : twins_) {
    inquiry_.rows[static_cast<std::size_t>(target)].unconditional =
        inquiry_.rows[static_cast<std::size_t>(twin)].logits;
  }
  return Rows(inquiry_.rows).first(asked_);
}

EvalRow Run::with_logits(const EvalRow& row) {
  EvalRow whole = row;
  if (!row.logits.empty()) return whole;
  added_logits_.resize(static_cast<std::size_t>(model_info().n_vocab));
  scheduler_.model(inquiry_.models[0]).head()->apply(row.hidden, added_logits_);
  whole.logits = added_logits_;
  return whole;
}

// ---- choosing -------------------------------------------------------------------------------------------------------

Step Run::process(int sequence, const Node& tip, const EvalRow& row, const Feed& feed) {
  std::span<const float> logits = row.logits;
  LogSum sum = row.sum ? *row.sum : log_sum_exp(logits);
  if (!sum.valid && config_.remove_invalid_values) {
    repair(logits, repaired_);
    logits = repaired_;
    sum = log_sum_exp(logits);
  }
  if (!sum.valid) {
    throw not_finite(
        model_info(),
        fmt::format("the model returned a logit that is not a number or infinite at position {}", tip.length()));
  }
  if (negative_prompt_ && row.unconditional.empty()) {
    throw Error(ErrorKind::usage, "guidance_scale has nothing to lead away from at position {}, inside the prompt",
                tip.length());
  }
  described_ = false;
  if (!feed.scores.empty()) {
    try {
      scores_.reset(feed.scores);
      run_processors(sequence, tip, row, feed);
      return {tip, logits, sum, scores_};
    } catch (const NothingLeft&) {
    }
  }
  scores_.reset(logits, sum, feed.log_probabilities || !feed.scores.empty());
  run_processors(sequence, tip, row, feed);
  return {tip, logits, sum, scores_};
}

std::span<const Token> Run::text_of(int sequence, const Node& tip) {
  return paths_[static_cast<std::size_t>(sequence) % kPaths].of(scheduler_.tree(), tip);
}

const Grammar* Run::grammar_at(const Node& tip) const { return chain_->grammar(states(tip)); }

void Run::run_processors(int sequence, const Node& tip, const EvalRow& row, const Feed& feed) {
  const Context context{.tokens = chain_->empty() ? std::span<const Token>() : text_of(sequence, tip),
                        .n_prompt = prompt_.length(),
                        .unconditional = row.unconditional,
                        .taken = feed.taken,
                        .u = uniform(sequence, tip, Stream::processor)};
  if (decisions_) {
    chain_->traced(scores_, context, chain_trace_, states(tip));
  } else {
    (*chain_)(scores_, context, states(tip));
  }
}

Step Run::process_draft(int sequence, const Node& tip, const EvalRow& row) {
  const LogSum sum = row.sum ? *row.sum : log_sum_exp(row.logits);
  if (!sum.valid) {
    throw not_finite(model_info(), fmt::format("the draft model returned a logit that is not a number or infinite at "
                                               "position {}",
                                               tip.length()));
  }
  EvalRow alone = row;
  alone.unconditional = row.logits;
  described_ = false;
  scores_.reset(row.logits, sum, false);
  const bool traced = std::exchange(decisions_, false);
  run_processors(sequence, tip, alone, {});
  decisions_ = traced;
  return {tip, row.logits, sum, scores_};
}

GumbelNoise Run::noise(int sequence, const Node& tip) const {
  return {seed_, static_cast<std::uint32_t>(sequence), static_cast<std::uint32_t>(tip.length())};
}

GumbelNoise Run::draft_noise(int sequence, const Node& tip, int depth) const {
  constexpr int sequences = 1 << 16;
  return {seed_, static_cast<std::uint32_t>(sequence + depth * sequences), static_cast<std::uint32_t>(tip.length()),
          Stream::draft_noise};
}

Choice Run::choose(const Step& step, Token token, const Why& why) {
  const float logit = step.logits[static_cast<std::size_t>(token)];
  Choice choice{.tip = step.tip,
                .token = token,
                .log_p = static_cast<double>(logit) - step.sum.value,
                .score = step.scores.score(token),
                .observed = chain_->observe(step.scores, token),
                .why = why};
  if (!decisions_) return choice;
  if (!std::exchange(described_, true)) {
    if (!decision_ || decision_.use_count() > 1) decision_ = std::make_shared<Decision>();
    decision_->position = step.tip.length();
    decision_->seconds = seconds();
    describe(*decision_, step.logits, step.sum.value, step.scores, chain_trace_, config_.trace_top, trace_scratch_);
  }
  choice.decision = decision_;
  choice.view = view_of(token, *decision_, step.logits, step.scores);
  return choice;
}

Node Run::child(const Step& step, Token token) const {
  Node node = step.tip.child(token);
  if (chain_->has_state()) {
    node.remember(chain_->next(states(step.tip), token, chain_->observe(step.scores, token)));
  }
  return node;
}

Node Run::child(const Choice& choice) const {
  Node node = choice.tip.child(choice.token);
  if (chain_->has_state()) node.remember(chain_->next(states(choice.tip), choice.token, choice.observed));
  return node;
}

// ---- answering ------------------------------------------------------------------------------------------------------

Node Run::emit(int sequence, const Step& step, Token token, const Why& why) {
  return emit(sequence, choose(step, token, why));
}

Node Run::emit(int sequence, const Choice& choice) {
  const Node node = child(choice);
  const Stop stop = stop_.check(node, seconds());
  append(sequence, choice, stop.reason);
  if (stop.reason != FinishReason::running) finish(sequence, stop);
  return node;
}

void Run::end_at_dead_end(int sequence, const NothingLeft& why) {
  sequences_[static_cast<std::size_t>(sequence)].dead_end = why.what();
  const auto is_dead = [&](const Sequence& each) { return !each.dead_end.empty(); };
  if (std::all_of(sequences_.begin(), sequences_.end(), is_dead)) throw NothingLeft(why);
  finish(sequence, {FinishReason::dead_end, 0});
}

void Run::append(int sequence, const Choice& choice, FinishReason finish) {
  Sequence& out = sequences_[static_cast<std::size_t>(sequence)];
  out.ids.push_back(choice.token);
  std::string_view bytes = vocab().bytes(choice.token);
  std::size_t& healed = healed_[static_cast<std::size_t>(sequence)];
  const std::size_t known = std::min(healed, bytes.size());
  healed -= known;
  bytes.remove_prefix(known);
  out.bytes += bytes;
  out.score += choice.log_p;
  out.log_p.push_back(choice.log_p);
  ++stats_.new_tokens;
  if (Decision* decision = choice.decision.get()) {
    decision->sequence = sequence;
    decide(*decision, choice.token, choice.view);
    decision->race = choice.why.race;
    decision->strategy = choice.why.strategy;
    decision->finish = finish == FinishReason::running ? std::string_view() : to_string(finish);
    observer_->decision(*decision);
  }
  if (observer_) observer_->token(sequence, choice.token, bytes);
}

void Run::answer(const std::vector<Answer>& answers) {
  sequences_.assign(answers.size(), {});
  healed_.resize(answers.size());
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const int sequence = static_cast<int>(i);
    const Answer& answer = answers[i];
    for (const Choice* choice : answer.path) {
      append(sequence, *choice, choice == answer.path.back() ? answer.stop.reason : FinishReason::running);
    }
    sequences_[i].beam = answer.score;
    finish(sequence, answer.stop);
  }
}

void Run::finish(int sequence, Stop stop) {
  Sequence& out = sequences_[static_cast<std::size_t>(sequence)];
  out.finish = stop.reason;
  out.bytes.resize(out.bytes.size() - std::min(stop.cut, out.bytes.size()));
  if (observer_) observer_->finished(sequence, stop);
}

}  // namespace decant
