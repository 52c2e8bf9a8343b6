// The threads that compute the operations of a forward together.
//
// A barrier waits for every thread, also for one that the system lets wait because other programs want the CPUs: for
// some milliseconds, hundreds of times in a forward. Here nobody waits for a thread that has not come. The caller has
// work to share, takes parts of it and goes on when all are done; whoever of the others runs takes parts as well. So
// two threads are as fast as the machine lets them be, and at the worst about as fast as one.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <thread>
#include <type_traits>
#include <vector>

namespace decant::kernels {

class Crew {
 public:
  // The caller and `threads` - 1 others: of its own, or who call help().
  enum class Others { own, helpers };
  explicit Crew(int threads, Others others = Others::own);
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  int threads() const { return threads_; }
  bool has_threads() const { return threads_ > 1 && kind_ == Others::own; }

  // Calls f(begin, end, thread) for parts of [0, count) of at least `grain` items, on the calling thread (0) and on
  // others of [1, threads), each of which may have several parts or none; returns when all are done. Less than two
  // grains are the caller's alone. One call at a time, and none within f. `count` < 2^32.
  //
  // in_streams: items that lie side by side are quicker together, so that nearly all are cut in as many parts as there
  // are threads. Otherwise parts become smaller and smaller.
  template <class F>
  void each(std::int64_t count, std::int64_t grain, bool in_streams, F&& f) {
    if (threads_ == 1 || count < 2 * grain) {
      if (count > 0) f(std::int64_t{0}, count, 0);
      return;
    }
    const auto call = [](void* function, std::int64_t begin, std::int64_t end, int thread) {
      (*static_cast<std::remove_reference_t<F>*>(function))(begin, end, thread);
    };
    share({call, const_cast<void*>(static_cast<const void*>(&f)), count, grain, in_streams ? count / kRest : count});
  }

  // Before the first each() of a forward: wakes the others, who fall asleep some time after the last.
  void wake();

  // For threads that come to every operation: takes parts of what the caller shares until it calls finish() for this
  // operation, which it does once for each.
  void help(int thread);
  void finish();

 private:
  using Call = void (*)(void* function, std::int64_t begin, std::int64_t end, int thread);
  struct Work {
    Call call;
    void* function;
    std::int64_t count, grain;
    std::int64_t rest;  // items that are kept for those who are done first
  };
  static constexpr std::int64_t kRest = 16;

  void start();
  void share(const Work& work);
  std::int64_t part_of(const Work& work, std::int64_t left) const;
  void take_parts(std::uint64_t state, int thread);
  void serve(int thread);

  const int threads_;
  const Others kind_;
  pid_t process_ = 0;  // that has the others: a forked child has none
  std::vector<std::thread> others_;
  std::atomic<bool> stop_ = false;

  // What is shared: written while nobody is at it and read before a part is taken, which fails if it has been written.
  alignas(64) std::atomic<Call> call_ = nullptr;
  std::atomic<void*> function_ = nullptr;
  std::atomic<std::int64_t> count_ = 0, grain_ = 0, rest_ = 0;
  alignas(64) std::atomic<std::uint64_t> state_ = 0;  // round, threads of the others at it, next item (crew.cpp)
  alignas(64) std::atomic<int> sleepers_ = 0;
  std::atomic<int> calls_ = 0;  // changes to wake them

  std::atomic<std::uint32_t> finished_ = 0;  // operations, for helpers
  std::vector<std::uint32_t> helped_;        // operations, by helper
};

}  // namespace decant::kernels
