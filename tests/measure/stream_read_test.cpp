#include "measure/stream_read.h"

#include <gtest/gtest.h>

namespace decant {
namespace {

TEST(StreamRead, ReadsEveryWordOnce) {
  for (const int threads : {1, 2, 3, 7}) {
    for (const std::size_t words : {1, 31, 32, 33, 1000, 4099}) {
      StreamRead memory(8 * words, threads);
      EXPECT_GT(memory.seconds(), 0) << threads << " threads, " << words << " words";
      EXPECT_EQ(memory.sum(), words) << threads << " threads";
      memory.seconds();
      EXPECT_EQ(memory.sum(), words) << "the second time";
    }
  }
}

TEST(StreamRead, ReadsASmallerBufferAgainAndAgain) {
  for (const int threads : {1, 2, 3}) {
    for (const std::size_t buffer : {8u, 80u, 1000u, 7992u}) {
      StreamRead memory(8000, threads, buffer);
      memory.seconds();
      EXPECT_EQ(memory.sum(), 1000u) << threads << " threads, " << buffer << " bytes";
    }
  }
}

}  // namespace
}  // namespace decant
