#include "base/mapped_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "support/temporary.h"

namespace decant {
namespace {

using test::TemporaryFolder;

std::string message(const std::filesystem::path& path, ErrorKind kind) {
  try {
    const MappedFile file(path);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind);
    return error.what();
  }
  return "";
}

TEST(MappedFile, HoldsTheBytes) {
  const TemporaryFolder folder;
  EXPECT_EQ(MappedFile(folder.write("a", std::string_view("x\0y", 3))).bytes(), std::string_view("x\0y", 3));
  EXPECT_EQ(MappedFile(folder.write("b", "")).bytes(), "");
}

TEST(MappedFile, SaysWhatIsNotAFile) {
  const TemporaryFolder folder;
  const auto pipe = folder.path() / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(message(folder.path() / "absent", ErrorKind::no_input),
            "no such file: " + (folder.path() / "absent").string());
  EXPECT_EQ(message(folder.path(), ErrorKind::data), folder.path().string() + " is a folder, not a file");
  EXPECT_EQ(message(pipe, ErrorKind::data),
            pipe.string() + " is not a regular file");  // and does not wait for a writer
}

}  // namespace
}  // namespace decant
