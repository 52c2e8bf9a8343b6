// Tested by tests/llama/threads_test.cpp.
#include "llama/threads.h"

#include <ggml-cpu.h>
#include <llama.h>
#include <unistd.h>

namespace decant {

Threads::Threads(llama_context* context, int count, bool ours, const Threads* others)
    : context_(context), count_(count), ours_(ours) {
  using Others = kernels::Crew::Others;
  const bool shares = others && ours && others->ours_ && others->count_ == count;
  forward_ =
      shares ? others->forward_ : std::make_shared<kernels::Forward>(count, ours ? Others::own : Others::helpers);
  llama_set_n_threads(context, of_ggml(), of_ggml());
  if (!ours) start();
}

Threads::~Threads() {
  if (pool_ && process_ == getpid()) ggml_threadpool_free(pool_);
}

void Threads::start() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (count_ < 2 || sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) != count_) return;
  ggml_threadpool_params params = ggml_threadpool_params_default(count_);
  params.poll = 0;  // between forwards they sleep: another model may want the CPUs
  params.strict_cpu = true;
  for (int cpu = 0; cpu < GGML_MAX_N_THREADS; ++cpu) params.cpumask[cpu] = CPU_ISSET(cpu, &allowed);
  pool_ = ggml_threadpool_new(&params);
  sched_getaffinity(0, sizeof own_cpu_, &own_cpu_);  // ggml has placed this thread as well
  sched_setaffinity(0, sizeof allowed, &allowed);
  process_ = getpid();
  llama_attach_threadpool(context_, pool_, pool_);
}

Threads::Turn::Turn(Threads& threads) {
  threads.forward().begin();
  if (!threads.pool_) return;
  if (threads.process_ != getpid()) threads.start();  // what the parent had is lost
  placed_ = sched_getaffinity(0, sizeof before_, &before_) == 0 &&
            sched_setaffinity(0, sizeof threads.own_cpu_, &threads.own_cpu_) == 0;
}

Threads::Turn::~Turn() {
  if (placed_) sched_setaffinity(0, sizeof before_, &before_);
}

}  // namespace decant
