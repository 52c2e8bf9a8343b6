// Who computes what a context evaluates.
//
// Where all that is work is our kernels', ggml has one thread, the caller's, and a crew shares the operations: nobody
// waits for a thread that has no CPU. Otherwise ggml has all threads, and each has a CPU of its own where there are as
// many as CPUs: ggml's wait for one another by spinning, several hundred times in a forward, and when two of them share
// a CPU because a third program has the other, each wait takes the scheduler's time slice.
#pragma once

#include <sched.h>
#include <sys/types.h>

#include <memory>

#include "kernels/forward.h"

struct ggml_threadpool;
struct llama_context;

namespace decant {

class Threads {
 public:
  // `others`: who compute other contexts in turn with this one; the crew is theirs, if it is as large. Two would take
  // the CPUs from each other: whose turn is over looks out for work for a while.
  Threads(llama_context* context, int count, bool ours, const Threads* others = nullptr);
  ~Threads();  // after the context's end
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

  kernels::Forward& forward() { return *forward_; }
  int count() const { return count_; }
  int of_ggml() const { return ours_ ? 1 : count_; }

  // For other backends that compute in a Turn: threads that ggml starts there would all have the caller's CPU.
  ggml_threadpool* pool() const { return pool_; }

  // The calling thread is one of them while there is a Turn, and must not start threads meanwhile.
  class Turn {
   public:
    explicit Turn(Threads& threads);
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    bool placed_ = false;
    cpu_set_t before_;
  };

 private:
  void start();

  llama_context* context_;
  const int count_;
  const bool ours_;
  std::shared_ptr<kernels::Forward> forward_;
  ggml_threadpool* pool_ = nullptr;  // of ggml's threads; null where it starts some for each forward, anywhere
  cpu_set_t own_cpu_;                // the calling thread's
  pid_t process_ = 0;                // that has the pool: not its forked children
};

}  // namespace decant
