#include "base/process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include "support/temporary.h"

namespace decant {
namespace {

using test::read_file;
using test::TemporaryFolder;
using test::TemporaryVariable;

Command shell(const TemporaryFolder& folder, const std::string& script) {
  return {
      .arguments = {"sh", "-c", script}, .environment = {}, .folder = folder.path(), .output = folder.path() / "log"};
}

TEST(Process, ReturnsTheStatusAndKeepsTheOutput) {
  const TemporaryFolder folder;
  EXPECT_EQ(run_program(shell(folder, "echo out; echo err >&2; cat; exit 7")), 7);  // stdin is empty: cat ends
  EXPECT_EQ(read_file(folder.path() / "log"), "out\nerr\n");
}

TEST(Process, ReturnsASignalAsAShellWould) {
  const TemporaryFolder folder;
  EXPECT_EQ(run_program(shell(folder, "kill -9 $$")), 128 + 9);
}

TEST(Process, HasNoSuchProgram) {
  const TemporaryFolder folder;
  Command command = shell(folder, "");
  command.arguments = {"decant-no-such-program"};
  EXPECT_EQ(run_program(command), std::nullopt);
}

TEST(Process, PassesArgumentsAsTheyAre) {
  const TemporaryFolder folder;
  Command command = shell(folder, "");
  command.arguments = {"printf", "[%s]", "a b", "$HOME", "'\"`*", ""};
  EXPECT_EQ(run_program(command), 0);
  EXPECT_EQ(read_file(folder.path() / "log"), "[a b][$HOME]['\"`*][]");
}

TEST(Process, AddsToOurEnvironmentAndRunsInTheFolder) {
  const TemporaryFolder folder;
  const TemporaryVariable ours("DECANT_TEST_OURS", "ours"), changed("DECANT_TEST_CHANGED", "before");
  Command command = shell(folder, "echo $DECANT_TEST_OURS $DECANT_TEST_CHANGED; pwd -P");
  command.environment = {"DECANT_TEST_CHANGED=after"};
  EXPECT_EQ(run_program(command), 0);
  EXPECT_EQ(read_file(folder.path() / "log"),
            "ours after\n" + std::filesystem::canonical(folder.path()).string() + "\n");
}

TEST(Process, TicksWhileItWaits) {
  const TemporaryFolder folder;
  int ticks = 0;
  // It waits for the second tick; without one it gives up.
  const auto tick = [&] {
    if (++ticks == 2) folder.write("ticked", "");
  };
  EXPECT_EQ(run_program(shell(folder, "for i in $(seq 600); do [ -e ticked ] && exit; sleep 0.1; done; exit 1"), tick),
            0);
  EXPECT_GE(ticks, 2);
}

TEST(ReadProgram, ReturnsTheStatusAndTheOutput) {
  const auto ended = read_program({"sh", "-c", "echo out; echo err >&2; cat; exit 7"}, std::chrono::minutes(1));
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->output, "out\n");
  EXPECT_TRUE(WIFEXITED(ended->status) && WEXITSTATUS(ended->status) == 7) << ended->status;
  EXPECT_TRUE(ended->in_time);
  EXPECT_FALSE(read_program({"decant-no-such-program"}, std::chrono::minutes(1)));
}

// Silent, or having closed its output: waiting for either has an end.
TEST(ReadProgram, EndsWhatDoesNotEnd) {
  for (const char* script : {"echo out; exec sleep 600", "echo out; exec sleep 600 >&-"}) {
    const auto ended = read_program({"sh", "-c", script}, std::chrono::milliseconds(300));
    ASSERT_TRUE(ended);
    EXPECT_FALSE(ended->in_time);
    EXPECT_TRUE(WIFSIGNALED(ended->status) && WTERMSIG(ended->status) == SIGKILL) << ended->status;
  }
}

TEST(Companion, AnswersAndEnds) {
  Companion cat({"cat"}, std::chrono::seconds(60));
  ASSERT_TRUE(cat.found());
  const std::string long_text(30'000, 'x');
  for (const std::string& text : {std::string("abc"), long_text, std::string("\0\n", 2)}) {
    ASSERT_TRUE(cat.write(text));
    EXPECT_EQ(cat.read(text.size()), text);
  }
  EXPECT_EQ(cat.end(), 0);
  EXPECT_EQ(cat.end(), 0);
}

TEST(Companion, SaysHowItEnded) {
  Companion killed({"sh", "-c", "echo x; kill -11 $$"}, std::chrono::seconds(60));
  EXPECT_EQ(killed.read(2), "x\n");
  EXPECT_EQ(killed.read(1), std::nullopt);
  EXPECT_EQ(WTERMSIG(killed.end()), SIGSEGV);
  EXPECT_FALSE(Companion({"decant-no-such-program"}, std::chrono::seconds(1)).found());
}

TEST(Companion, PatienceEnds) {
  Companion silent({"sleep", "600"}, std::chrono::seconds(1));
  EXPECT_EQ(silent.read(1), std::nullopt);
  EXPECT_EQ(WTERMSIG(silent.end()), SIGKILL);
}

}  // namespace
}  // namespace decant
