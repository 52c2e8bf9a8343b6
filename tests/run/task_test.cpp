// Task, and the patterns that strategies may use: each was seen to work on GCC 12.2 at -O0 with ASan and UBSan and at
// -O2. Forbidden, because GCC 12 miscompiles or rejects them, and kept out by scripts/check_co_await.py:
//   co_await f([big] { ... })      a temporary lambda with captures: destroyed twice
//   co_await f(Aggregate{.a = s})  a temporary aggregate: destroyed twice
//   co_await run.eval({a, b})      a braced list: "array used as initializer"
//   auto [a, b] = co_await f(x)    a structured binding: miscompiled by GCC 15 and 16
#include "run/task.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace decant {
namespace {

// Suspends once, like an eval.
struct Pause {
  std::coroutine_handle<>* slot;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) const noexcept { *slot = handle; }
  int await_resume() const noexcept { return 7; }
};

struct Loop {
  std::coroutine_handle<> waiting;
  Pause pause() { return {&waiting}; }

  template <class T>
  int drive(Task<T>& task) {  // number of resumptions
    int resumed = 0;
    waiting = task.handle();
    for (; !task.done(); ++resumed) waiting.resume();
    return resumed;
  }
};

struct Counted {  // counts live objects
  explicit Counted(int& count) : count_(&count) { ++*count_; }
  Counted(const Counted& other) : count_(other.count_) { ++*count_; }
  Counted& operator=(const Counted&) = default;
  ~Counted() { --*count_; }
  int* count_;
};

Task<int> add(Loop& loop, int a, int b) {
  auto seven = co_await loop.pause();
  co_return a + b + seven;
}

TEST(Task, IsLazy) {
  Loop loop;
  bool begun = false;
  const auto body = [](Loop& l, bool& flag) -> Task<void> {
    flag = true;
    auto seven = co_await l.pause();
    (void)seven;
  };
  Task<void> task = body(loop, begun);
  EXPECT_FALSE(begun);
  EXPECT_EQ(loop.drive(task), 2);
  EXPECT_TRUE(begun);
}

Task<std::string> sums(Loop& loop, int n) {
  std::string text;
  for (int i = 0; i < n; ++i) {
    auto sum = co_await add(loop, i, i);
    text += std::to_string(sum) + " ";
  }
  co_return text;
}

TEST(Task, ReturnsThroughTwoLevels) {
  Loop loop;
  Task<std::string> task = sums(loop, 3);
  loop.drive(task);
  EXPECT_EQ(task.result(), "7 9 11 ");
}

Task<int> fails(Loop& loop, bool before) {
  if (before) throw std::runtime_error("before");
  auto seven = co_await loop.pause();
  if (seven == 7) throw std::runtime_error("after");
  co_return 0;
}

Task<std::string> catches(Loop& loop, bool before) {
  std::string caught;
  try {
    auto value = co_await fails(loop, before);
    (void)value;
  } catch (const std::runtime_error& error) {
    caught = error.what();
  }
  auto sum = co_await add(loop, 1, 1);
  co_return caught + std::to_string(sum);
}

TEST(Task, ExceptionsArriveAtTheAwait) {
  for (const bool before : {true, false}) {
    Loop loop;
    Task<std::string> task = catches(loop, before);
    loop.drive(task);
    EXPECT_EQ(task.result(), before ? "before9" : "after9");
  }
}

TEST(Task, AnUncaughtExceptionIsTheResult) {
  Loop loop;
  Task<int> task = fails(loop, false);
  loop.drive(task);
  EXPECT_THROW(task.result(), std::runtime_error);
}

Task<int> holds(Loop& loop, Counted by_value) {
  Counted local(by_value);
  const std::vector<Counted> several(3, local);
  auto seven = co_await loop.pause();
  co_return seven;
}

Task<int> outer(Loop& loop, int& count) {
  Counted mine(count);
  auto inner = holds(loop, mine);
  auto value = co_await inner;
  co_return value;
}

TEST(Task, DestroyingASuspendedTaskDestroysEverythingItHolds) {
  int count = 0;
  {
    Loop loop;
    Task<int> task = outer(loop, count);
    loop.waiting = task.handle();
    loop.waiting.resume();
    EXPECT_EQ(count, 6);  // mine, the parameter, local and three copies
  }
  EXPECT_EQ(count, 0);
}

TEST(Task, AndOneThatNeverBegan) {
  int count = 0;
  {
    Loop loop;
    const Task<int> task = holds(loop, Counted(count));
    EXPECT_EQ(count, 1);
  }
  EXPECT_EQ(count, 0);
}

Task<int> owns(Loop& loop, std::unique_ptr<int> value) {
  auto seven = co_await loop.pause();
  co_return *value + seven;
}

Task<int> conditions(Loop& loop) {
  int total = 0;
  std::vector<Task<int>> tasks;
  for (int i = 0; i < 3; ++i) tasks.push_back(add(loop, i, 0));
  for (Task<int>& task : tasks) {
    auto value = co_await task;
    total += value;
  }
  auto pointer = std::make_unique<int>(3);
  auto owner = owns(loop, std::move(pointer));
  auto owned = co_await owner;
  co_return total + owned;
}

TEST(Task, ParametersByValueAndListsOfTasks) {
  Loop loop;
  Task<int> task = conditions(loop);
  loop.drive(task);
  EXPECT_EQ(task.result(), (7 + 8 + 9) + 10);
}

TEST(Task, Moves) {
  Loop loop;
  Task<int> a = add(loop, 1, 2), b;
  b = std::move(a);
  EXPECT_FALSE(a);
  loop.drive(b);
  EXPECT_EQ(b.result(), 10);
}

}  // namespace
}  // namespace decant
