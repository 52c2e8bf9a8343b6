// Tested by tests/run/scheduler_test.cpp, seams_test.cpp and trace_test.cpp.
#include "run/run.h"

#include <cassert>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "run/scheduler.h"
#include "strategies/resolve.h"

namespace decant {
namespace {

Node grow(Node node, std::span<const Token> tokens) {
  for (const Token token : tokens) node = node.child(token);
  return node;
}

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

std::vector<Token> eos_of(const GenerationConfig& config, const Vocab& vocab) {
  return config.eos_token_id ? *config.eos_token_id : vocab.eos();
}

// Prompt included: what the context holds of it, and of the same text behind the negative prompt.
int longest_text(const GenerationConfig& config, const Request& request, int n_context) {
  const std::ptrdiff_t more = std::ssize(request.negative_prompt) - std::ssize(request.prompt);
  return config.guidance_scale == 1 || more <= 0 ? n_context : n_context - static_cast<int>(more);
}

Chain make_chain(const GenerationConfig& config, const Request& request, const Vocab& vocab, int n_context) {
  ChainSetup setup;
  setup.vocab = &vocab;
  setup.eos = eos_of(config, vocab);
  setup.max_length = std::min(max_length(config, static_cast<int>(request.prompt.size())), n_context);
  setup.healed = request.healed;
  const StrategyRow& strategy = resolve_strategy(config);
  // As in Hugging Face: every beam has a continuation that does not end it.
  if (strategy.beams(config)) setup.min_tokens_to_keep = std::max(2, static_cast<int>(setup.eos.size()) + 1);
  return Chain(config, strategy.draws(config), setup);
}

}  // namespace

Run::Run(Scheduler& scheduler, Request request, std::uint64_t seed)
    : scheduler_(scheduler),
      age_(scheduler.started_count_++),
      config_(std::move(request.config)),
      models_(std::move(request.models)),
      observer_(request.observer),
      seed_(seed),
      prompt_(grow(scheduler.tree_.root(), request.prompt)),
      stop_(config_, vocab(), prompt_.length(), longest_text(config_, request, model_info().n_context)),
      chain_(make_chain(config_, request, vocab(), longest_text(config_, request, model_info().n_context))),
      chain_trace_(observer_ && observer_->wants_stage_scores()),
      sequences_(static_cast<std::size_t>(config_.num_return_sequences)),
      healed_(sequences_.size(), request.healed.size()),
      started_(std::chrono::steady_clock::now()),
      task_(request.strategy(*this)),
      waiting_(task_.handle()),
      decisions_(observer_ && observer_->wants_decisions()) {
  stats_.prompt_tokens = prompt_.length();
  if (config_.guidance_scale == 1) return;
  const std::span<const Token> last = std::span(request.prompt).last(1);
  negative_prompt_ = grow(scheduler.tree_.root(), request.negative_prompt.empty() ? last : request.negative_prompt);
}

// The frames go first: they refer to everything else.
Run::~Run() {
  scheduler_.remove(*this);
  task_ = {};
  asks_.clear();
  targets_.clear();
  prompt_ = {};
  negative_prompt_ = {};
  twins_.clear();
  for (const auto& cache : scheduler_.caches_) cache->flush();
}

const Vocab& Run::vocab() const { return scheduler_.model(models_[0]).vocab(); }
const ModelInfo& Run::model_info(int model) const {
  return scheduler_.model(models_[static_cast<std::size_t>(model)]).info();
}

double Run::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
}

Node Run::text(std::span<const Token> tokens) const { return grow(scheduler_.tree_.root(), tokens); }

double Run::uniform(int sequence, const Node& tip, Stream stream) const {
  return decant::uniform(seed_, static_cast<std::uint32_t>(sequence), static_cast<std::uint32_t>(tip.length()), stream);
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

// Here, because a batch that the model refuses fails for everybody in it.
void Run::check(const Ask& ask) const {
  assert(ask.outputs.any());
  if (ask.model < 0 || ask.model >= std::ssize(models_)) {
    throw Error(ErrorKind::usage, "this strategy needs {} models, and the run has {}", ask.model + 1, models_.size());
  }
  const std::vector<int>& layers = ask.outputs.layers;
  const int n_layer = model_info(ask.model).n_layer;
  if (!layers.empty() && !model_info(ask.model).has_layers) {
    throw Error(ErrorKind::unavailable, "the inner layers of {} cannot be read: libllama does not hand them out",
                model_info(ask.model).name);
  }
  for (const int layer : layers) {
    if (layer < 0 || layer >= n_layer) {
      throw Error(ErrorKind::usage, "layer {} does not exist: this model has hidden states 0 to {}", layer,
                  n_layer - 1);
    }
  }
}

Run::Eval Run::post(std::source_location where) {
  where_ = where;
  targets_.clear();
  for (const Ask& ask : asks_) {
    check(ask);
    for (const Node& node : ask.nodes) {
      assert(node && node.length() > 0);
      Target& target = targets_.emplace_back();
      target.node = node;
      target.outputs = &ask.outputs;
      target.model = ask.model;
    }
  }
  assert(!targets_.empty());
  if (negative_prompt_) ask_without_prompt();
  rows_.assign(targets_.size(), {});
  scheduler_.enqueue(*this);
  return Eval(this);
}

// Classifier-free guidance: for every row of logits another one, of the same text with the negative prompt in place of
// the prompt. The twins stay until the next ones are there, so that these find everything but their last token cached.
void Run::ask_without_prompt() {
  static const Outputs logits{.logits = true, .hidden = false, .layers = {}};
  std::vector<Node> twins;
  const std::size_t n = targets_.size();
  for (std::size_t i = 0; i < n; ++i) {
    if (targets_[i].model != 0 || !targets_[i].outputs->logits) continue;
    targets_[i].node.path(tokens_);
    const std::span<const Token> text = tokens_;
    twins.push_back(grow(negative_prompt_, text.subspan(static_cast<std::size_t>(prompt_.length()))));
    targets_[i].twin = static_cast<int>(targets_.size());
    Target& twin = targets_.emplace_back();
    twin.node = twins.back();
    twin.outputs = &logits;
  }
  twins_ = std::move(twins);
}

bool Run::answered() const {
  if (failed_) return true;
  for (const Target& target : targets_) {
    if (!target.done) return false;
  }
  return true;
}

// The model's memory is about to be used for another batch, but this request is only partly answered.
void Run::keep_rows() {
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    Target& target = targets_[i];
    if (!target.done || !target.kept.empty()) continue;
    EvalRow& row = rows_[i];
    std::size_t size = row.logits.size() + row.hidden.size();
    for (const auto& layer : row.layers) size += layer.size();
    target.kept.reserve(size);
    const auto keep = [&](std::span<const float>& values) {
      const std::size_t begin = target.kept.size();
      target.kept.insert(target.kept.end(), values.begin(), values.end());
      values = std::span<const float>(target.kept).subspan(begin);
    };
    keep(row.logits);
    keep(row.hidden);
    for (auto& layer : row.layers) keep(layer);
  }
}

bool Run::Eval::await_ready() const {
  if (!run_->scheduler_.options_.synchronous) return false;
  run_->scheduler_.answer_now(*run_);
  return true;
}

Rows Run::Eval::await_resume() const {
  if (run_->failed_) std::rethrow_exception(std::exchange(run_->failed_, nullptr));
  for (std::size_t i = 0; i < run_->targets_.size(); ++i) {
    const int twin = run_->targets_[i].twin;
    if (twin >= 0) run_->rows_[i].unconditional = run_->rows_[static_cast<std::size_t>(twin)].logits;
  }
  return Rows(run_->rows_).first(run_->rows_.size() - run_->twins_.size());
}

// ---- answering ------------------------------------------------------------------------------------------------------

bool Run::draws() const { return resolve_strategy(config_).draws(config_); }

Step Run::process(int sequence, const Node& tip, const EvalRow& row, const Feed& feed) {
  std::span<const float> logits = row.logits;
  LogSum sum = log_sum_exp(logits);
  if (!sum.valid && config_.remove_invalid_values) {
    repair(logits, repaired_);
    logits = repaired_;
    sum = log_sum_exp(logits);
  }
  if (!sum.valid) {
    throw Error(ErrorKind::internal, "the model returned a logit that is not a number or infinite at position {}",
                tip.length());
  }
  if (!chain_.empty()) tip.path(tokens_);
  described_ = false;
  if (!feed.scores.empty()) {
    try {
      scores_.reset(feed.scores);
      run_processors(sequence, tip, row, feed);
      return {tip, logits, sum, scores_};
    } catch (const NothingLeft&) {
    }
  }
  const bool log_probabilities = feed.log_probabilities || !feed.scores.empty();
  scores_.reset(logits, log_probabilities ? static_cast<float>(sum.value) : 0);
  run_processors(sequence, tip, row, feed);
  return {tip, logits, sum, scores_};
}

void Run::run_processors(int sequence, const Node& tip, const EvalRow& row, const Feed& feed) {
  const Context context{.tokens = tokens_,
                        .n_prompt = prompt_.length(),
                        .unconditional = row.unconditional,
                        .taken = feed.taken,
                        .u = uniform(sequence, tip, Stream::processor)};
  if (decisions_) {
    chain_.traced(scores_, context, chain_trace_, states(tip));
  } else {
    chain_(scores_, context, states(tip));
  }
}

Choice Run::choose(const Step& step, Token token, const Why& why) {
  const float logit = step.logits[static_cast<std::size_t>(token)];
  Choice choice{.tip = step.tip,
                .token = token,
                .log_p = static_cast<double>(logit) - step.sum.value,
                .score = step.scores.score(token),
                .observed = chain_.observe(step.scores, token),
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

Node Run::child(const Choice& choice) const {
  Node node = choice.tip.child(choice.token);
  if (chain_.has_state()) node.remember(chain_.next(states(choice.tip), choice.token, choice.observed));
  return node;
}

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
  ++stats_.new_tokens;
  if (Decision* decision = choice.decision.get()) {
    decision->sequence = sequence;
    decide(*decision, choice.token, choice.view);
    decision->u = choice.why.u;
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
