// Threads: placed while a model evaluates, and only then.
#include "llama/threads.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <thread>
#include <vector>

#include "llama/llama_model.h"
#include "support/real_models.h"

namespace decant {
namespace {

using namespace test;

std::vector<int> cpus_of(pid_t thread) {
  cpu_set_t set;
  EXPECT_EQ(sched_getaffinity(thread, sizeof set, &set), 0);
  std::vector<int> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

std::vector<std::vector<int>> cpus_of_threads() {
  std::vector<std::vector<int>> all;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    all.push_back(cpus_of(std::atoi(entry.path().filename().c_str())));
  }
  return all;
}

ModelOptions threads(int count) {
  ModelOptions options;
  options.threads = count;
  return options;
}

std::vector<float> logits_after(LlamaModel& model, Token token) {
  model.trim_sequence(0, 0);
  const SeqId sequence = 0;
  const Outputs outputs{.logits = true, .hidden = false, .layers = {}};
  const Row row{.token = token, .position = 0, .sequences = {&sequence, 1}, .outputs = &outputs};
  model.forward({&row, 1});
  const std::span<const float> logits = model.logits(0);
  return {logits.begin(), logits.end()};
}

// ggml's: an F32 file's attention is plain.
TEST(Threads, HaveACpuEachWhereTheyAreAsManyAndTheCallerKeepsAll) {
  const std::vector<int> mine = cpus_of(0);
  if (mine.size() < 2) GTEST_SKIP() << "one CPU";
  LlamaModel model(model_file(kF32), threads(static_cast<int>(mine.size())), 256);
  EXPECT_EQ(cpus_of(0), mine);
  logits_after(model, 5);
  EXPECT_EQ(cpus_of(0), mine);
  std::multiset<int> placed;
  for (const auto& cpus : cpus_of_threads()) {
    if (cpus.size() == 1) placed.insert(cpus[0]);
  }
  EXPECT_EQ(placed.size(), mine.size() - 1);
  EXPECT_EQ(std::set<int>(placed.begin(), placed.end()).size(), placed.size());
}

TEST(Threads, AreAsManyAsThereIsWorkAndAsThereAreCpus) {
  const int cpus = static_cast<int>(cpus_of(0).size());
  EXPECT_EQ(LlamaModel(model_file(kMicro), threads(0), 256).threads(), 1);
  EXPECT_LE(LlamaModel(model_file(kQ4_0), threads(0), 256).threads(), cpus);
  EXPECT_LE(LlamaModel(model_file(kQ4_0), threads(500), 256).threads(), cpus);
  EXPECT_EQ(LlamaModel(model_file(kQ4_0), threads(1), 256).threads(), 1);
}

TEST(Threads, AreNotPlacedWhereTheyAreFewer) {
  if (cpus_of(0).size() < 2) GTEST_SKIP() << "one CPU";
  LlamaModel model(model_file(kMicro), threads(1), 256);
  logits_after(model, 5);
  for (const auto& cpus : cpus_of_threads()) EXPECT_EQ(cpus, cpus_of(0));
}

class ForkedThreads : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Kinds, ForkedThreads, testing::Values(kMicro, kF32, kQ4_0));

TEST_P(ForkedThreads, AreTheChildsOwn) {
  const int count = static_cast<int>(cpus_of(0).size());
  LlamaModel model(model_file(GetParam()), threads(count), 256);
  const std::vector<float> expected = logits_after(model, 5);
  const pid_t child = fork();
  if (child == 0) {
    alarm(600);  // it hangs
    _exit(logits_after(model, 5) == expected ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_EQ(logits_after(model, 5), expected);
}

}  // namespace
}  // namespace decant
