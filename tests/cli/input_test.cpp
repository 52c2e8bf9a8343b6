#include "cli/input.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "base/error.h"
#include "support/temporary.h"

namespace decant {
namespace {

using namespace test;

std::string complaint(const std::string& path, std::size_t most, ErrorKind kind) {
  try {
    Input(path, "prompt file", most);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind);
    return error.what();
  }
  return "none";
}

TEST(Input, FilesAreMapped) {
  const TemporaryFolder folder;
  const Input input(folder.write("a", "text\r\n").string(), "prompt file", 6);
  EXPECT_TRUE(input.is_file());
  EXPECT_EQ(input.bytes(), "text\r\n");
  EXPECT_EQ(without_last_line_end(input.bytes()), "text");
  EXPECT_EQ(Input(folder.write("empty", "").string(), "prompt file", 6).bytes(), "");
}

TEST(Input, LimitsAreSaid) {
  const TemporaryFolder folder;
  const std::string path = folder.write("a", "").string();
  std::filesystem::resize_file(path, 64'000'001);
  EXPECT_EQ(complaint(path, kMostPromptBytes, ErrorKind::data),
            path + " has 64000001 bytes, more than the 64 MB that a prompt file may have");
  EXPECT_EQ(complaint("/dev/zero", 3'000'000, ErrorKind::data),
            "/dev/zero does not end within 3 MB, the most of a prompt file that can be read from a device");
  EXPECT_EQ(complaint(folder.path().string(), 1, ErrorKind::no_input),
            folder.path().string() + " is a directory, not a prompt file");
  EXPECT_EQ(complaint((folder.path() / "absent").string(), 1, ErrorKind::no_input),
            "the prompt file " + (folder.path() / "absent").string() + " cannot be read: No such file or directory");
}

TEST(Input, FilesThatSayTheyAreEmptyAreReadAllTheSame) {
  EXPECT_EQ(Input("/proc/self/status", "prompt file", kMostPromptBytes).bytes().substr(0, 5), "Name:");
}

TEST(Input, APipeIsWaitedFor) {
  const TemporaryFolder folder;
  const std::string path = (folder.path() / "pipe").string();
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  std::thread writer([&] { std::ofstream(path) << "late" << std::flush; });  // opens when somebody reads
  EXPECT_EQ(Input(path, "prompt file", 100).bytes(), "late");
  writer.join();
}

}  // namespace
}  // namespace decant
