#include "base/descriptor.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <thread>

namespace decant {
namespace {

TEST(Descriptor, IsClosedWithItsOwner) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const Descriptor reader(ends[0]);
  { const Descriptor writer(ends[1]); }
  EXPECT_EQ(fcntl(ends[1], F_GETFD), -1);
  char byte;
  EXPECT_EQ(read(reader.number, &byte, 1), 0);  // its end: nobody can write any more
  const Descriptor none(-1);
}

// More than a pipe holds, into one that does not wait by itself.
TEST(WriteAll, WaitsWhereThereIsNoRoom) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const Descriptor reader(ends[0]);
  std::string text(1 << 20, 'x'), found;
  text.back() = 'y';
  int error = -1;
  std::thread writing([&] {
    const Descriptor writer(ends[1]);
    fcntl(writer.number, F_SETFL, O_NONBLOCK);
    error = write_all(writer.number, text);
  });
  char buffer[5000];
  for (ssize_t n; (n = read(reader.number, buffer, sizeof buffer)) > 0;)
    found.append(buffer, static_cast<std::size_t>(n));
  writing.join();
  EXPECT_EQ(error, 0);
  EXPECT_TRUE(found == text) << found.size();
}

TEST(WriteAll, SaysWhatFailed) {
  EXPECT_EQ(write_all(-1, "x"), EBADF);
  EXPECT_EQ(write_all(-1, ""), 0);
  const Descriptor full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  EXPECT_EQ(write_all(full.number, "x"), ENOSPC);
}

}  // namespace
}  // namespace decant
