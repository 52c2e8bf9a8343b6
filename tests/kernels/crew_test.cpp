// A crew: every item once, nobody awaited who does not come, nothing left of one round in the next.
#include "kernels/crew.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <barrier>
#include <condition_variable>
#include <mutex>
#include <numeric>
#include <thread>
#include <vector>

namespace decant::kernels {
namespace {

using Counts = std::vector<std::atomic<int>>;

// Rounds of other lengths and grains, one right after the other: whoever comes late must not do the next round's work
// with what it knows of the last.
void expect_every_item_once(Crew& crew, int rounds) {
  Counts items(997);
  std::atomic<int> wrong_thread = 0;
  for (int round = 1; round <= rounds; ++round) {
    const std::int64_t count = round * 7919 % 997, grain = 1 + round % 5;
    for (auto& item : items) item.store(0, std::memory_order_relaxed);
    crew.each(count, grain, round % 2 == 0, [&](std::int64_t begin, std::int64_t end, int thread) {
      if (thread < 0 || thread >= crew.threads()) ++wrong_thread;
      for (std::int64_t i = begin; i < end; ++i)
        items[static_cast<std::size_t>(i)].fetch_add(1, std::memory_order_relaxed);
    });
    for (std::int64_t i = 0; i < 997; ++i)
      ASSERT_EQ(items[static_cast<std::size_t>(i)], i < count) << round << ": " << i;
  }
  EXPECT_EQ(wrong_thread, 0);
}

TEST(Crew, DoesEveryItemOnce) {
  for (const int threads : {1, 2, 3, 8}) {
    Crew crew(threads);
    crew.wake();
    expect_every_item_once(crew, 20000 / threads);
  }
}

TEST(Crew, GivesLessThanTwoGrainsToTheCaller) {
  Crew crew(4);
  int calls = 0;
  const std::thread::id me = std::this_thread::get_id();
  crew.each(9, 5, true, [&](std::int64_t begin, std::int64_t end, int thread) {
    EXPECT_EQ(std::this_thread::get_id(), me);
    EXPECT_EQ(begin, 0);
    EXPECT_EQ(end, 9);
    EXPECT_EQ(thread, 0);
    ++calls;
  });
  crew.each(0, 1, true, [&](std::int64_t, std::int64_t, int) { ++calls; });
  EXPECT_EQ(calls, 1);
}

// A thread's number belongs to it: two never compute with the same one at once, as it stands for memory.
TEST(Crew, NumbersItsThreads) {
  Crew crew(4);
  std::vector<std::atomic<bool>> at_work(4);
  std::atomic<int> twice = 0;
  for (int round = 0; round < 5000; ++round) {
    crew.each(64, 1, false, [&](std::int64_t, std::int64_t, int thread) {
      auto& flag = at_work[static_cast<std::size_t>(thread)];
      if (flag.exchange(true)) ++twice;
      flag = false;
    });
  }
  EXPECT_EQ(twice, 0);
}

TEST(Crew, SharesWithOthers) {
  Crew crew(2);
  std::mutex mutex;
  std::condition_variable both;
  int inside = 0;
  crew.each(2, 1, true, [&](std::int64_t, std::int64_t, int) {  // each waits for the other
    std::unique_lock lock(mutex);
    ++inside;
    both.notify_all();
    EXPECT_TRUE(both.wait_for(lock, std::chrono::minutes(5), [&] { return inside == 2; }));
  });
}

TEST(Crew, TakesHelpAtEveryOperation) {
  constexpr int threads = 3, operations = 300;
  Crew crew(threads, Crew::Others::helpers);
  std::barrier between(threads);
  std::vector<std::jthread> helpers;
  for (int graph = 0; graph < 3; ++graph) {
    crew.wake();
    for (int thread = 1; thread < threads; ++thread) {
      helpers.emplace_back([&, thread] {
        for (int i = 0; i < operations; ++i) {
          crew.help(thread);
          between.arrive_and_wait();
        }
      });
    }
    for (int i = 0; i < operations; ++i) {
      std::atomic<std::int64_t> sum = 0;
      crew.each(100, 1, false,
                [&](std::int64_t begin, std::int64_t end, int) { sum += (begin + end - 1) * (end - begin) / 2; });
      crew.each(100, 1, false, [&](std::int64_t begin, std::int64_t end, int) { sum += end - begin; });
      crew.finish();
      ASSERT_EQ(sum, 4950 + 100);
      between.arrive_and_wait();
    }
    helpers.clear();
  }
}

TEST(Crew, OfAForkedChildIsItsOwn) {
  Crew crew(3);
  expect_every_item_once(crew, 10);
  const pid_t child = fork();
  if (child == 0) {
    alarm(600);  // it hangs
    crew.wake();
    std::atomic<int> done = 0;
    crew.each(1000, 1, false,
              [&](std::int64_t begin, std::int64_t end, int) { done += static_cast<int>(end - begin); });
    _exit(done == 1000 ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  expect_every_item_once(crew, 10);
}

}  // namespace
}  // namespace decant::kernels
