// The scheduler: merges what all inquiries wait for into one batch a model, and lets those that are answered go on.
//
// Everything happens on the caller's thread, in an order that depends only on the order of the calls. A step serves the
// cheap models first (those of a higher level: drafts), until nobody waits for one, and then evaluates one batch of
// each target model: so a Run that drafts advances as fast as its neighbours.
//
// A batch takes what fits of each inquiry, in the order of the line. Its outputs and its rows are limited: rows of
// outputs by the model, and what is read without being looked at (prompts, above all) to one chunk, so that those who
// generate ride along. Whoever had part and is not answered goes to the end of the line: no inquiry, however large,
// keeps another waiting for more than one batch. Prompts are cut at fixed positions, whatever the company. When a
// cache is too small for all, the older go first and the younger ones wait.
//
// A batch that fails, or whose numbers are not finite on a model that does not keep rows apart, is evaluated again,
// each inquiry by itself on an empty cache: the guilty one fails alone.
#pragma once

#include <memory>
#include <vector>

#include "run/inquiry.h"
#include "tree/cache.h"

namespace decant {

struct SchedulerOptions {
  int prefill_chunk_size = 256;  // at most a model's max_rows
  // Debugging: an eval is answered inside the co_await, so that a debugger's stack shows strategy, eval and model.
  // Others do not move meanwhile.
  bool synchronous = false;
};

class Scheduler {
 public:
  explicit Scheduler(SchedulerOptions options = {}) : options_(options) {}
  explicit Scheduler(const std::vector<Model*>& models, SchedulerOptions options = {});  // numbered from 0
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // `level` 0 is a target; models of higher levels are cheaper. A model and its lower() (model/model.h) may both be
  // added, in any order: the cells of the lower one are the same.
  ModelId add(Model& model, int level = 0);
  void remove(ModelId model);  // REQUIRES: no inquiry names it

  Model& model(ModelId id) const { return cache(id).model(); }
  Cache& cache(ModelId id) const { return *served_[static_cast<std::size_t>(id)]->cache; }
  PrefixTree& tree() { return tree_; }
  int live_nodes() const { return tree_.live_nodes(); }

  // ---- for askers ---------------------------------------------------------------------------------------------------
  int next_age() { return ages_++; }
  bool synchronous() const { return options_.synchronous; }

  // The inquiry goes on when it is answered, in a later step; it stays where it is until then, or until withdrawn.
  void post(Inquiry& inquiry);
  void withdraw(Inquiry& inquiry);
  void answer_now(Inquiry& inquiry);  // a posted one, without going on

  // Passes the release of nodes on to the models, for when nothing more may be evaluated. What a model refuses now it
  // is told again before its next batch.
  void flush() noexcept;

  // ---- for who drives -----------------------------------------------------------------------------------------------
  bool step();  // false: nobody waits for anything, but those who are held
  void run() {
    while (step()) {
    }
  }

 private:
  struct Served {
    std::shared_ptr<Cache> cache;  // or below that of another
    ModelId id = 0;
    int level = 0;
    int chunk = 0;   // rows of a prompt at a time
    int budget = 0;  // rows of prompts that this step may still read
  };
  using Line = std::vector<Inquiry*>;

  std::shared_ptr<Cache> cache_of(Model& model);
  bool evaluate(Served& served, Line& line);
  Inquiry* claim(Served& served, const Line& line);
  bool plan(Served& served, Inquiry& inquiry);
  void refuse(Served& served, const Line& line, Inquiry& oldest, Cache::Lack lack);
  bool is_sound(Served& served, const Inquiry& inquiry) const;
  void collect(Served& served, Inquiry& inquiry);
  static void unsay(Served& served, Inquiry& inquiry);
  void evaluate_apart(Served& served, const Line& parts);
  void answer_alone(Served& served, Inquiry& inquiry);
  void keep_rows(Served& served, const Line& line);
  int cheapest_wanted(int most) const;
  bool takes_part(const Inquiry& inquiry) const;
  void go_on();

  SchedulerOptions options_;
  PrefixTree tree_;
  std::vector<std::unique_ptr<Served>> served_;  // by id; null: removed
  int ages_ = 0;
  Line line_;                // who waits, in the order in which they are served
  Line going_on_;            // null: withdrawn meanwhile
  bool first_round_ = true;  // of the step
};

}  // namespace decant
