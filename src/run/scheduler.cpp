// Tested by tests/run/scheduler_test.cpp and company_test.cpp.
#include "run/scheduler.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <utility>

#include "base/error.h"
#include "model/unwanted.h"

namespace decant {
namespace {

constexpr int kCatchUp = 16;    // up to a chunk / kCatchUp rows are read beside outputs without counting as a prompt
constexpr int kMaxRounds = 64;  // of cheap models in one step: who asks nothing else does not stop the others

bool is_finite(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
}

}  // namespace

Scheduler::Scheduler(const std::vector<Model*>& models, SchedulerOptions options) : options_(options) {
  for (Model* model : models) add(*model);
}

Scheduler::~Scheduler() { assert(line_.empty()); }

ModelId Scheduler::add(Model& model, int level) {
  const auto free = std::find(served_.begin(), served_.end(), nullptr);
  const auto id = static_cast<ModelId>(free - served_.begin());
  if (free == served_.end()) served_.emplace_back();
  const int chunk = std::min(options_.prefill_chunk_size, model.info().max_rows);
  served_[static_cast<std::size_t>(id)] = std::make_unique<Served>(Served{cache_of(model), id, level, chunk, chunk});
  return id;
}

std::shared_ptr<Cache> Scheduler::cache_of(Model& model) {
  for (const auto& each : served_) {
    for (auto cache = each ? each->cache : nullptr; cache; cache = cache->below()) {
      if (&cache->model() == &model) return cache;
    }
  }
  const std::shared_ptr<Model> lower = model.lower();
  return make_cache(tree_, model, lower ? cache_of(*lower) : nullptr);
}

void Scheduler::remove(ModelId model) {
  assert(std::none_of(line_.begin(), line_.end(), [&](const Inquiry* each) {
    return std::find(each->models.begin(), each->models.end(), model) != each->models.end();
  }));
  served_[static_cast<std::size_t>(model)].reset();
}

void Scheduler::post(Inquiry& inquiry) {
  inquiry.first_open = 0;
  inquiry.fresh.clear();
  inquiry.rows.assign(inquiry.targets.size(), {});
  line_.push_back(&inquiry);
}

void Scheduler::withdraw(Inquiry& inquiry) {
  std::erase(line_, &inquiry);
  std::replace(going_on_.begin(), going_on_.end(), &inquiry, static_cast<Inquiry*>(nullptr));
}

void Scheduler::flush() noexcept {
  for (const auto& each : served_) {
    try {
      if (each) each->cache->flush();
    } catch (...) {  // NOLINT(bugprone-empty-catch): the next batch says it again
    }
  }
}

// ---- a step ---------------------------------------------------------------------------------------------------------

bool Scheduler::step() {
  go_on();
  for (const auto& each : served_) {
    if (each) each->budget = each->chunk;
  }
  int most = std::numeric_limits<int>::max();  // levels above have had their share of this step
  for (int round = 0; most >= 0; ++round) {
    first_round_ = round == 0;
    const int level = cheapest_wanted(most);
    if (level < 0) break;
    bool evaluated = false;
    for (const auto& each : served_) {
      if (each && each->level == level) evaluated |= evaluate(*each, line_);
    }
    go_on();
    if (level == 0 || !evaluated || round >= kMaxRounds) most = level - 1;
  }
  return std::any_of(line_.begin(), line_.end(), [](const Inquiry* each) { return !each->held; });
}

// The highest level up to `most` of which somebody wants a model; -1: none.
int Scheduler::cheapest_wanted(int most) const {
  int level = -1;
  for (const auto& each : served_) {
    if (!each || each->level > most || each->level <= level) continue;
    const auto wants = [&](const Inquiry* inquiry) { return inquiry->wants(each->id) && takes_part(*inquiry); };
    if (std::any_of(line_.begin(), line_.end(), wants)) level = each->level;
  }
  return level;
}

// Who has no target model gets what others get: one batch a step.
bool Scheduler::takes_part(const Inquiry& inquiry) const {
  const auto is_target = [&](ModelId id) { return served_[static_cast<std::size_t>(id)]->level == 0; };
  return !inquiry.held && (first_round_ || std::any_of(inquiry.models.begin(), inquiry.models.end(), is_target));
}

void Scheduler::go_on() {
  const auto waits = [](const Inquiry* each) { return each->held || !each->answered(); };
  const auto answered = std::stable_partition(line_.begin(), line_.end(), waits);
  going_on_.assign(answered, line_.end());
  line_.erase(answered, line_.end());
  for (std::size_t i = 0; i < going_on_.size(); ++i) {
    if (going_on_[i]) going_on_[i]->go_on();
  }
  going_on_.clear();
}

void Scheduler::answer_now(Inquiry& inquiry) {
  std::erase(line_, &inquiry);
  while (!inquiry.answered()) {
    Line alone = {&inquiry};
    for (const auto& each : served_) {
      if (!each) continue;
      each->budget = each->chunk;
      keep_rows(*each, line_);
      evaluate(*each, alone);
    }
  }
}

// ---- one batch ------------------------------------------------------------------------------------------------------

// False: nobody wants the model, or nothing fits.
bool Scheduler::evaluate(Served& served, Line& line) {
  Cache& cache = *served.cache;
  cache.begin();
  Inquiry* oldest = claim(served, line);
  if (!oldest) return false;
  keep_rows(served, line);
  Line parts;
  Cache::Lack lack = Cache::Lack::none;  // of the oldest
  try {
    for (Inquiry* each : line) {
      if (!takes_part(*each)) continue;
      cache.forget_lack();
      if (plan(served, *each)) parts.push_back(each);
      if (each == oldest) lack = cache.lack();
    }
  } catch (...) {
    cache.abandon();
    throw;
  }
  if (parts.empty()) {
    refuse(served, line, *oldest, lack);
    return false;
  }
  try {
    cache.forward();
    for (Inquiry* each : parts) collect(served, *each);
    const auto sound = [&](const Inquiry* each) { return each->spoils || is_sound(served, *each); };
    if (!cache.model().info().keeps_rows_apart && !std::all_of(parts.begin(), parts.end(), sound)) {
      evaluate_apart(served, parts);
    }
  } catch (const Unwanted&) {  // all of them are about to be withdrawn
    for (Inquiry* each : parts) unsay(served, *each);
    return false;
  } catch (...) {
    parts[0]->error = std::current_exception();
    if (parts.size() > 1) evaluate_apart(served, parts);
  }
  std::stable_partition(line.begin(), line.end(), [&](Inquiry* each) {
    return !each->wants(served.id) || std::find(parts.begin(), parts.end(), each) == parts.end();
  });
  return true;
}

// Nobody younger can take the cells that lead to what somebody waits for, of this model or another. Returns the oldest
// of those who want this one.
Inquiry* Scheduler::claim(Served& served, const Line& line) {
  Inquiry* oldest = nullptr;
  for (Inquiry* each : line) {
    if (each->held || std::find(each->models.begin(), each->models.end(), served.id) == each->models.end()) continue;
    for (std::size_t i = each->first_open; i < each->targets.size(); ++i) {
      if (!each->targets[i].done) served.cache->claim(each->targets[i].node.id(), each->age);
    }
    if (takes_part(*each) && each->wants(served.id) && (!oldest || each->age < oldest->age)) oldest = each;
  }
  return oldest;
}

// Adds to the batch what fits of the inquiry's targets, in their order. False: nothing.
bool Scheduler::plan(Served& served, Inquiry& inquiry) {
  if (inquiry.held || inquiry.error) return false;
  Cache& cache = *served.cache;
  const int before = cache.rows();
  bool takes_part = false;
  int read = 0;  // rows without logits
  const auto price_of = [&](int rows) { return rows <= served.chunk / kCatchUp ? 0 : rows; };
  for (std::size_t i = inquiry.first_open; i < inquiry.targets.size(); ++i) {
    Target& target = inquiry.targets[i];
    if (target.done || target.model != served.id) continue;
    const NodeId node = target.node.id(), end = cache.chunk_end(node, served.chunk);
    const int more = std::max(0, cache.rows_needed(end) - (end == node && target.outputs->any_logits() ? 1 : 0));
    const int price = price_of(read + more) - price_of(read);
    if (price > served.budget) break;
    const int row = cache.add(end, end == node ? target.outputs : nullptr, inquiry.age);
    if (row < 0) break;
    served.budget -= price;
    read += more;
    takes_part = true;
    if (end != node) break;
    target.row = row;
    inquiry.fresh.push_back(i);
  }
  inquiry.n_rows += cache.rows() - before;
  inquiry.n_evals += takes_part;
  return takes_part;
}

// Nothing fits, not even of the oldest: if nobody older may still give cells back, it never will.
void Scheduler::refuse(Served& served, const Line& line, Inquiry& oldest, Cache::Lack lack) {
  const bool waits = std::any_of(line.begin(), line.end(), [&](const Inquiry* each) {
    return !each->held && each->age < oldest.age &&
           std::find(each->models.begin(), each->models.end(), served.id) != each->models.end();
  });
  if (waits) return;
  const ModelInfo& info = served.cache->model().info();
  if (lack == Cache::Lack::cells) {
    oldest.error = std::make_exception_ptr(
        Error(ErrorKind::unavailable, "the cache of {} positions is too small for this request: raise --ctx-size",
              info.n_cells));
  } else if (lack == Cache::Lack::sequences) {
    oldest.error = std::make_exception_ptr(
        Error(ErrorKind::unavailable,
              "{} branches at a time are too few for this request: it needs a context with more", info.max_sequences));
  }
}

// Whether what the batch has said to the inquiry are numbers.
bool Scheduler::is_sound(Served& served, const Inquiry& inquiry) const {
  for (const std::size_t i : inquiry.fresh) {
    if (inquiry.targets[i].model != served.id) continue;
    const EvalRow& row = inquiry.rows[i];
    if ((row.sum && !row.sum->valid) || !is_finite(row.hidden)) return false;
    for (const auto& layer : row.layers) {
      if (!log_sum_exp(layer).valid) return false;
    }
    if (!std::all_of(row.states.begin(), row.states.end(), is_finite)) return false;
  }
  return true;
}

void Scheduler::collect(Served& served, Inquiry& inquiry) {
  const Model& source = served.cache->model();
  for (const std::size_t i : inquiry.fresh) {
    Target& target = inquiry.targets[i];
    if (target.done || target.model != served.id) continue;
    EvalRow& row = inquiry.rows[i] = {};
    if (target.outputs->logits) row.logits = source.logits(target.row);
    if (target.outputs->logits) row.sum = log_sum_exp(row.logits);
    if (target.outputs->hidden) row.hidden = source.hidden(target.row);
    for (const int layer : target.outputs->layers) row.layers.push_back(source.layer_logits(target.row, layer));
    for (const int layer : target.outputs->states) row.states.push_back(source.state(target.row, layer));
    target.done = true;
  }
  while (inquiry.first_open < inquiry.targets.size() && inquiry.targets[inquiry.first_open].done) ++inquiry.first_open;
}

// The model's memory, and that of the layers below it, is about to be used for another batch: what they have said to
// those who still wait is copied.
void Scheduler::keep_rows(Served& served, const Line& line) {
  const auto is_used = [&](ModelId id) {
    const Cache* spoken = served_[static_cast<std::size_t>(id)]->cache.get();
    return spoken == served.cache.get() || spoken == served.cache->below().get();
  };
  for (Inquiry* inquiry : line) {
    std::erase_if(inquiry->fresh, [&](std::size_t i) {
      Target& target = inquiry->targets[i];
      if (!is_used(target.model)) return false;
      EvalRow& row = inquiry->rows[i];
      std::vector<std::span<const float>*> parts = {&row.logits, &row.hidden};
      for (auto& each : row.layers) parts.push_back(&each);
      for (auto& each : row.states) parts.push_back(&each);
      std::size_t size = 0;
      for (const auto* each : parts) size += each->size();
      target.kept.reserve(size);  // or the views would move
      for (auto* each : parts) {
        const std::size_t begin = target.kept.size();
        target.kept.insert(target.kept.end(), each->begin(), each->end());
        *each = std::span<const float>(target.kept).subspan(begin);
      }
      return true;
    });
  }
}

// ---- a batch that failed --------------------------------------------------------------------------------------------

// As if the batch had told the inquiry nothing.
void Scheduler::unsay(Served& served, Inquiry& inquiry) {
  std::erase_if(inquiry.fresh, [&](std::size_t i) {
    Target& target = inquiry.targets[i];
    if (target.model != served.id) return false;
    target.done = false;
    inquiry.first_open = std::min(inquiry.first_open, i);
    return true;
  });
}

// Each of them by itself, on a cache that holds nothing of anybody else's, not even in cells that are free: numbers
// that are not finite reach others through masks.
void Scheduler::evaluate_apart(Served& served, const Line& parts) {
  for (Inquiry* each : parts) {
    each->error = nullptr;
    unsay(served, *each);
  }
  for (Inquiry* each : parts) {
    served.cache->clear();
    if (each->spoils && parts.size() > 1) {  // it was repaired, and reached its neighbours again
      each->error = std::make_exception_ptr(
          Error(ErrorKind::internal, "numbers that are not finite reach other texts by this model's attention"));
      continue;
    }
    answer_alone(served, *each);
    each->spoils = !is_sound(served, *each);
    keep_rows(served, {each});
  }
  served.cache->clear();
}

void Scheduler::answer_alone(Served& served, Inquiry& inquiry) {
  Cache& cache = *served.cache;
  while (inquiry.wants(served.id)) {
    keep_rows(served, {&inquiry});
    cache.begin();
    served.budget = served.chunk;
    if (!plan(served, inquiry)) {
      refuse(served, {&inquiry}, inquiry, cache.lack());
      return;
    }
    try {
      cache.forward();
      collect(served, inquiry);
    } catch (const Unwanted&) {
      unsay(served, inquiry);
      return;
    } catch (...) {
      inquiry.error = std::current_exception();
    }
  }
}

}  // namespace decant
