// Tested by tests/kernels/crew_test.cpp.
#include "kernels/crew.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>

namespace decant::kernels {
namespace {

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

std::int64_t Crew::part_of(const Work& work, std::int64_t left) const {
  const std::int64_t even = (work.count - work.rest + threads_ - 1) / threads_;
  const std::int64_t part = std::max(work.grain, left > work.rest ? even : left / (2 * threads_));
  return left - part < work.grain ? left : part;
}

void Crew::share(const Work& work) {
  call_.store(work.call, std::memory_order_relaxed);
  function_.store(work.function, std::memory_order_relaxed);
  count_.store(work.count, std::memory_order_relaxed);
  grain_.store(work.grain, std::memory_order_relaxed);
  rest_.store(work.rest, std::memory_order_relaxed);
  const std::int64_t first = part_of(work, work.count);
  const std::uint64_t round = round_of(state_.load(std::memory_order_relaxed)) + 1,
                      state = round * kRound + static_cast<std::uint64_t>(work.count - first);
  state_.store(state);
  if (sleepers_.load() > 0) {  // after the state: who falls asleep just now has either seen the one or is seen
    calls_.fetch_add(1);
    calls_.notify_all();
  }
  work.call(work.function, 0, first, 0);
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
    const auto relaxed = std::memory_order_relaxed;
    const Work work{call_.load(relaxed), function_.load(relaxed), count_.load(relaxed), grain_.load(relaxed),
                    rest_.load(relaxed)};
    const std::int64_t left = left_in(state), begin = work.count - left, part = part_of(work, left);
    const std::uint64_t taken = state - static_cast<std::uint64_t>(part) + (at_work ? 0 : other);
    if (!state_.compare_exchange_weak(state, taken, std::memory_order_acq_rel, std::memory_order_acquire)) continue;
    at_work = true;
    work.call(work.function, begin, begin + part, thread);
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
