// Tested by tests/kernels/crew_test.cpp.
#include "kernels/crew.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>

namespace decant::kernels {
namespace {

constexpr std::int64_t kRest = 16;   // of the work one part is kept for those who are done first
constexpr int kSpins = 8000;         // before a thread without work sleeps: longer than what is not shared takes
constexpr int kPatientSpins = 2000;  // before the caller, waiting for a part under way, offers its CPU to that part

// Of the state: in its lower half how many items, the last ones, nobody has taken; above it how many others are at
// work, and the number of the round. All in one word, so that to take a part costs one exchange between the CPUs'
// caches; and what counts down, so that there is nothing to take in a round that is over, whatever has been written
// since.
constexpr std::uint64_t kOther = std::uint64_t{1} << 32, kRound = std::uint64_t{1} << 42;

std::int64_t left_in(std::uint64_t state) { return static_cast<std::int64_t>(state & 0xffff'ffff); }
std::uint64_t others_of(std::uint64_t state) { return state & (kRound - kOther); }
std::uint64_t round_of(std::uint64_t state) { return state / kRound; }

void relax() {
#ifdef __x86_64__
  __builtin_ia32_pause();
#endif
}

}  // namespace

Crew::Crew(int threads, Others others)
    : threads_(std::clamp(threads, 1, 512)), kind_(others), helped_(static_cast<std::size_t>(threads_)) {
  start();
}

void Crew::start() {
  process_ = getpid();
  if (kind_ == Others::helpers) return;
  for (int thread = 1; thread < threads_; ++thread) others_.emplace_back([this, thread] { serve(thread); });
}

Crew::~Crew() {
  if (process_ != getpid()) {  // there are no such threads here
    for (std::thread& other : others_) other.detach();
    return;
  }
  stop_ = true;
  calls_.fetch_add(1);
  calls_.notify_all();
  for (std::thread& other : others_) other.join();
}

void Crew::wake() {
  if (kind_ == Others::helpers) {
    std::fill(helped_.begin(), helped_.end(), finished_.load());
    return;
  }
  if (process_ != getpid()) {
    for (std::thread& other : others_) other.detach();
    others_.clear();
    state_ = 0;
    sleepers_ = 0;
    start();
  }
  if (sleepers_.load() == 0) return;
  calls_.fetch_add(1);
  calls_.notify_all();
}

// What a thread takes at first is most of what would be its own if all were here, as each part costs an exchange
// between caches and an interrupted stream of memory; then little at a time, so that all are done together.
std::int64_t Crew::part_of(std::int64_t count, std::int64_t left, std::int64_t grain) const {
  const std::int64_t rest = count / kRest;
  const std::int64_t part = std::max(grain, left > rest ? (count - rest) / threads_ : left / (2 * threads_));
  return left - part < grain ? left : part;
}

void Crew::share(Call call, void* function, std::int64_t count, std::int64_t grain) {
  call_.store(call, std::memory_order_relaxed);
  function_.store(function, std::memory_order_relaxed);
  count_.store(count, std::memory_order_relaxed);
  grain_.store(grain, std::memory_order_relaxed);
  const std::int64_t first = part_of(count, count, grain);
  const std::uint64_t round = round_of(state_.load(std::memory_order_relaxed)) + 1,
                      state = round * kRound + static_cast<std::uint64_t>(count - first);
  state_.store(state);
  if (sleepers_.load() > 0) {  // after the state: who falls asleep just now has either seen the one or is seen
    calls_.fetch_add(1);
    calls_.notify_all();
  }
  call(function, 0, first, 0);
  take_parts(state, 0);
  for (int spins = 0; others_of(state_.load(std::memory_order_acquire)) != 0; ++spins) {
    relax();
    if (spins >= kPatientSpins) sched_yield();
  }
}

// Parts of the round of `state`, until there are none.
void Crew::take_parts(std::uint64_t state, int thread) {
  const std::uint64_t round = round_of(state), other = thread == 0 ? 0 : kOther;
  bool at_work = false;
  while (round_of(state) == round && left_in(state) > 0) {
    const Call call = call_.load(std::memory_order_relaxed);
    void* function = function_.load(std::memory_order_relaxed);
    const std::int64_t count = count_.load(std::memory_order_relaxed), left = left_in(state), begin = count - left;
    const std::int64_t part = part_of(count, left, grain_.load(std::memory_order_relaxed));
    const std::uint64_t taken = state - static_cast<std::uint64_t>(part) + (at_work ? 0 : other);
    if (!state_.compare_exchange_weak(state, taken, std::memory_order_acq_rel, std::memory_order_acquire)) continue;
    at_work = true;
    call(function, begin, begin + part, thread);
    state = state_.load(std::memory_order_acquire);
  }
  if (at_work && other) state_.fetch_sub(other, std::memory_order_release);
}

void Crew::serve(int thread) {
  std::uint64_t seen = ~std::uint64_t{0};  // none
  while (!stop_) {
    std::uint64_t state = state_.load(std::memory_order_acquire);
    for (int spins = 0; round_of(state) == seen && spins < kSpins; ++spins) {
      relax();
      state = state_.load(std::memory_order_acquire);
    }
    if (round_of(state) == seen) {
      const int calls = calls_;
      ++sleepers_;
      if (round_of(state_) == seen && !stop_) calls_.wait(calls);
      --sleepers_;
      continue;
    }
    seen = round_of(state);
    take_parts(state, thread);
  }
}

void Crew::help(int thread) {
  const std::uint32_t operation = ++helped_[static_cast<std::size_t>(thread)];
  std::uint64_t seen = ~std::uint64_t{0};
  while (static_cast<std::int32_t>(finished_.load() - operation) < 0) {
    const std::uint64_t state = state_.load(std::memory_order_acquire);
    if (round_of(state) == seen) {
      relax();
      continue;
    }
    seen = round_of(state);
    take_parts(state, thread);
  }
}

void Crew::finish() { finished_.fetch_add(1); }

}  // namespace decant::kernels
