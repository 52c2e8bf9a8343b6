// The scheduler: resumes Runs, and merges what all of them wait for into one batch per model.
//
// step() evaluates one batch on each model that somebody waits for, then resumes every Run whose request is answered.
// Everything happens on the caller's thread, in an order that depends only on the order of the calls. A prompt is
// evaluated in chunks cut at fixed positions, one chunk a batch, turn by turn among those who need one; rows of Runs
// that are generating ride along, so no Run waits for more than one chunk of another's prompt. When the cache is too
// small for all, the older Runs go first and the younger ones wait.
#pragma once

#include <memory>
#include <vector>

#include "run/run.h"
#include "tree/kv_cache.h"

namespace decant {

struct SchedulerOptions {
  int prefill_chunk_size = 256;
  // Debugging: an eval is answered inside the co_await, so that a debugger's stack shows strategy, eval and model.
  // Other Runs do not move meanwhile.
  bool synchronous = false;
};

std::uint64_t random_seed();

class Scheduler {
 public:
  explicit Scheduler(std::vector<Model*> models, SchedulerOptions options = {});
  ~Scheduler();

  // Throws Error if the request cannot be carried out (empty or too long prompt). Runs must be destroyed before the
  // scheduler is.
  std::unique_ptr<Run> start(Request request);

  // One round. False: no Run is waiting for anything.
  bool step();
  void run() {
    while (step()) {
    }
  }

  Model& model(int index) const { return caches_[static_cast<std::size_t>(index)]->model(); }
  KvCache& cache(int index) const { return *caches_[static_cast<std::size_t>(index)]; }
  int live_nodes() const { return tree_.live_nodes(); }

 private:
  friend class Run;

  void enqueue(Run& run);
  void remove(Run& run);
  void evaluate(int model);
  enum class Planned { nothing, chunk, target };
  Planned plan(Run::Target& target, int age, KvCache& cache, int& budget);
  bool wants(const Run& run, const Run::Target& target, int model) const;
  void collect(Run& run, KvCache& cache, int model);
  void resume_answered();
  void resume(Run& run);
  void finish(Run& run);
  void fail(Run& run, std::exception_ptr error);
  void answer_now(Run& run);

  SchedulerOptions options_;
  PrefixTree tree_;
  std::vector<std::unique_ptr<KvCache>> caches_;
  int started_count_ = 0;
  std::vector<Run*> started_;   // not yet resumed for the first time
  std::vector<Run*> waiting_;   // in the order in which they came to wait; served first to last
  std::vector<Run*> answered_;  // being resumed; null: destroyed meanwhile
};

}  // namespace decant
