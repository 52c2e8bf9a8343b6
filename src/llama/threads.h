// The threads of a context, each on a CPU of its own where there are as many as CPUs.
//
// ggml's threads wait for one another by spinning, several hundred times in a forward. When two of them share a CPU
// because a third program has the other, each wait takes the scheduler's time slice: a forward of 4 ms was seen to take
// 1,500.
#pragma once

#include <sched.h>
#include <sys/types.h>

struct ggml_threadpool;
struct llama_context;

namespace decant {

class Threads {
 public:
  Threads(llama_context* context, int count);
  ~Threads();  // after the context's end
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

  // The calling thread is one of them, and has its CPU while there is a Turn; it must not start threads meanwhile.
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
  int count_;
  ggml_threadpool* pool_ = nullptr;  // null where ggml starts threads for each forward, anywhere
  cpu_set_t own_cpu_;                // the calling thread's
  pid_t process_ = 0;                // that has the threads: not its forked children
};

}  // namespace decant
