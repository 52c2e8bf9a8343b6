// Tested by tests/run/scheduler_test.cpp.
#include "run/scheduler.h"

#include <algorithm>
#include <cassert>
#include <random>
#include <utility>

#include "base/error.h"

namespace decant {
namespace {

void check_prompt(std::string_view name, const std::vector<Token>& prompt, const ModelInfo& info) {
  for (const Token token : prompt) {
    if (token < 0 || token >= info.n_vocab) {
      throw Error(ErrorKind::usage, "{} token {} is outside of the vocabulary of {} tokens", name, token, info.n_vocab);
    }
  }
  if (std::ssize(prompt) > info.n_context) {
    throw Error(ErrorKind::data, "the {} has {} tokens and the {} {}: shorten it{}", name, prompt.size(),
                info.n_context < info.n_cells ? "model was trained for" : "context holds", info.n_context,
                info.n_context < info.n_cells ? "" : " or raise --ctx-size");
  }
}

}  // namespace

std::uint64_t random_seed() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32) | device();
}

Scheduler::Scheduler(std::vector<Model*> models, SchedulerOptions options) : options_(options) {
  for (Model* model : models) caches_.push_back(std::make_unique<KvCache>(tree_, *model));
}

Scheduler::~Scheduler() { assert(started_.empty() && waiting_.empty()); }

std::unique_ptr<Run> Scheduler::start(Request request) {
  const ModelInfo& info = model(request.models.at(0)).info();
  if (request.prompt.empty()) throw Error(ErrorKind::usage, "the prompt is empty: there is nothing to continue");
  check_prompt("prompt", request.prompt, info);
  check_prompt("negative prompt", request.negative_prompt, info);
  const int length = static_cast<int>(request.prompt.size());
  if (request.config.max_length && length >= *request.config.max_length) {
    throw Error(ErrorKind::usage, "the prompt has {} tokens and max_length is {}, the prompt included: raise it",
                length, *request.config.max_length);
  }
  const std::uint64_t seed = request.config.seed ? *request.config.seed : random_seed();
  std::unique_ptr<Run> run(new Run(*this, std::move(request), seed));
  if (run->config().max_new_tokens == 0) {
    for (int i = 0; i < run->config().num_return_sequences; ++i) run->finish(i, {FinishReason::length, 0});
    finish(*run);
  } else {
    started_.push_back(run.get());
  }
  return run;
}

bool Scheduler::step() {
  for (Run* run : std::exchange(started_, {})) answered_.push_back(run);
  resume_answered();
  if (waiting_.empty()) return false;
  for (int model = 0; model < static_cast<int>(caches_.size()); ++model) evaluate(model);
  const auto answered =
      std::stable_partition(waiting_.begin(), waiting_.end(), [](Run* run) { return !run->answered(); });
  answered_.insert(answered_.end(), answered, waiting_.end());
  waiting_.erase(answered, waiting_.end());
  for (Run* run : waiting_) run->keep_rows();
  resume_answered();
  return !waiting_.empty() || !started_.empty();
}

// ---- one batch ------------------------------------------------------------------------------------------------------

bool Scheduler::wants(const Run& run, const Run::Target& target, int model) const {
  return !target.done && run.models_[static_cast<std::size_t>(target.model)] == model;
}

void Scheduler::evaluate(int model) {
  KvCache& cache = *caches_[static_cast<std::size_t>(model)];
  cache.begin();
  Run* oldest = nullptr;
  for (Run* run : waiting_) {
    for (const Run::Target& target : run->targets_) {
      if (!wants(*run, target, model)) continue;
      cache.claim(target.node.id(), run->age_);
      if (!oldest || run->age_ < oldest->age_) oldest = run;
    }
  }
  if (!oldest) return;

  int budget = options_.prefill_chunk_size;
  std::vector<Run*> in_batch, served;
  for (Run* run : waiting_) {
    const int rows = cache.rows();
    bool chunk = false, takes_part = false, full = false;
    for (Run::Target& target : run->targets_) {
      if (!wants(*run, target, model)) continue;
      // The way to a later target may lead over an earlier one, which would then be evaluated without its outputs.
      if (full && cache.rows_needed(target.node.id()) > 1) continue;
      const Planned planned = plan(target, run->age_, cache, budget);
      chunk |= planned == Planned::chunk;
      takes_part |= planned != Planned::nothing;
      full |= planned == Planned::nothing;
    }
    if (!takes_part) continue;
    run->stats_.rows += cache.rows() - rows;
    ++run->stats_.evals;
    in_batch.push_back(run);
    if (chunk) served.push_back(run);
  }
  if (cache.rows() == 0) {
    fail(*oldest,
         std::make_exception_ptr(Error(ErrorKind::unavailable,
                                       "the cache of {} positions is too small for this request: raise --ctx-size",
                                       cache.model().info().n_cells)));
    return;
  }
  try {
    cache.forward();
  } catch (...) {
    for (Run* run : in_batch) fail(*run, std::current_exception());
    return;
  }
  for (Run* run : in_batch) collect(*run, cache, model);
  for (Run* run : served) {  // whoever had a chunk goes to the end of the queue
    std::erase(waiting_, run);
    waiting_.push_back(run);
  }
}

// Adds the target to the batch, or else the next chunk on the way to it.
Scheduler::Planned Scheduler::plan(Run::Target& target, int age, KvCache& cache, int& budget) {
  const NodeId node = target.node.id();
  const NodeId end = cache.chunk_end(node, options_.prefill_chunk_size);
  const int rows = cache.rows_needed(end);
  target.row = -1;
  if (rows > 1 && rows > budget) return Planned::nothing;
  const int row = cache.add(end, end == node ? target.outputs : nullptr, age);
  if (row < 0) return Planned::nothing;
  if (rows > 1) budget -= rows;
  if (end != node) return Planned::chunk;
  target.row = row;
  return Planned::target;
}

void Scheduler::collect(Run& run, KvCache& cache, int model) {
  Model& source = cache.model();
  for (std::size_t i = 0; i < run.targets_.size(); ++i) {
    Run::Target& target = run.targets_[i];
    if (target.row < 0 || !wants(run, target, model)) continue;
    EvalRow& row = run.rows_[i];
    if (target.outputs->logits) row.logits = source.logits(target.row);
    if (target.outputs->hidden) row.hidden = source.hidden(target.row);
    for (const int layer : target.outputs->layers) row.layers.push_back(source.layer_logits(target.row, layer));
    target.done = true;
  }
  if (run.stats_.prefill_s == 0 && run.answered()) run.stats_.prefill_s = run.seconds();
}

// ---- resuming -------------------------------------------------------------------------------------------------------

void Scheduler::resume_answered() {
  for (std::size_t i = 0; i < answered_.size(); ++i) {
    if (answered_[i]) resume(*answered_[i]);
  }
  answered_.clear();
}

void Scheduler::resume(Run& run) {
  run.waiting_.resume();
  if (run.task_.done()) finish(run);
}

void Scheduler::finish(Run& run) {
  run.done_ = true;
  run.stats_.decode_s = run.seconds() - run.stats_.prefill_s;
  if (run.task_.done()) {
    try {
      run.task_.result();
    } catch (...) {
      run.error_ = std::current_exception();
    }
  }
  run.task_ = {};
  run.asks_.clear();
  run.targets_.clear();
  for (const auto& cache : caches_) cache->flush();
}

void Scheduler::fail(Run& run, std::exception_ptr error) { run.failed_ = std::move(error); }

void Scheduler::enqueue(Run& run) { waiting_.push_back(&run); }

void Scheduler::remove(Run& run) {
  std::erase(started_, &run);
  std::erase(waiting_, &run);
  std::replace(answered_.begin(), answered_.end(), &run, static_cast<Run*>(nullptr));
}

void Scheduler::answer_now(Run& run) {
  std::erase(waiting_, &run);
  const std::vector<Run*> others = std::exchange(waiting_, {&run});
  while (!run.answered()) {
    run.keep_rows();
    for (int model = 0; model < static_cast<int>(caches_.size()); ++model) evaluate(model);
  }
  waiting_ = others;
}

}  // namespace decant
